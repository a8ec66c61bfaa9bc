# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Asks no person, for jobs that run without one."""

from valetkey.errors import LoginRequired
from valetkey.seams import DeviceAttempt, LoginAttempt


class NeverLogin:
    """Fails at once where a person would be needed (`login="never"`)."""

    def open(self, redirect_uri: str | None, *, fixed: bool) -> LoginAttempt:  # noqa: ARG002 - whatever the address
        """
        Fail.

        :raises LoginRequired: Always.
        """
        raise _person_needed()

    def open_device(self) -> DeviceAttempt:
        """
        Fail.

        :raises LoginRequired: Always.
        """
        raise _person_needed()


def _person_needed() -> LoginRequired:
    message = 'The MCP server needs a person to log in, and login="never" asks none.'
    hint = (
        "Log in once in a program that may ask a person, with the same session store, then try again; or use the "
        'credentials of a machine, or login="link" with public_url in a web app.'
    )
    return LoginRequired(message, hint=hint)
