# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`OAuth` for every client over httpx2. The MCP SDK 2.x takes it as `auth=` of its HTTP client."""

from typing import TYPE_CHECKING

import httpx2

from valetkey._adapters.flow import AuthFlow, OAuthDocumentation

__all__ = ["OAuth"]


class OAuth(AuthFlow[httpx2.Request, httpx2.Response], httpx2.Auth):
    if not TYPE_CHECKING:  # reading it gives a text
        __doc__ = OAuthDocumentation()
