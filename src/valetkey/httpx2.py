# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`OAuth` for every client over httpx2. The MCP SDK 2.x takes it as `auth=` of its HTTP client."""

import httpx2

from valetkey._adapters.flow import AuthFlow

__all__ = ["OAuth"]


class OAuth(AuthFlow[httpx2.Request, httpx2.Response], httpx2.Auth):
    __doc__ = AuthFlow.__doc__
