# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey.OAuth`: one class for the clients of every HTTP library that is installed."""

from typing import TYPE_CHECKING

import httpx2

from valetkey._adapters.flow import AuthFlow, OAuthDocumentation

if TYPE_CHECKING:
    from httpx import Auth as HttpxAuth
else:
    try:
        from httpx import Auth as HttpxAuth
    except ImportError:  # not installed, or broken: its own import says so

        class HttpxAuth:
            """Stands in for the base class of a library that is not there."""


class OAuth(AuthFlow, httpx2.Auth, HttpxAuth):
    if not TYPE_CHECKING:  # reading it gives a text
        __doc__ = OAuthDocumentation()
