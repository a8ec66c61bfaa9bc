# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Nobody is asked: for jobs that run without a person."""

from valetkey.errors import LoginRequired
from valetkey.seams import DeviceAttempt, LoginAttempt


class NeverLogin:
    """Fails at once instead of waiting for somebody who is not there."""

    def open(self, redirect_uri: str | None, *, fixed: bool) -> LoginAttempt:  # noqa: ARG002 - whatever the address
        """
        Refuse.

        :param redirect_uri: Not used.
        :param fixed: Not used.
        :raises LoginRequired: Always.
        """
        raise _nobody()

    def open_device(self) -> DeviceAttempt:
        """
        Refuse.

        :raises LoginRequired: Always.
        """
        raise _nobody()


def _nobody() -> LoginRequired:
    message = "The MCP server wants a person to log in, and nobody may be asked here."
    hint = "Log in once where a person is, with the same session store, then try again."
    return LoginRequired(message, hint=hint)
