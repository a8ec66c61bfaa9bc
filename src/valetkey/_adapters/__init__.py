# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What httpx, httpx2 and Haystack share: putting a token on a request, and reading a rejection.

`flow` is the `Auth` object of both HTTP libraries, `steps` decides what it does next, and `credential` reads and writes
the header fields. `http_client` is the client under an MCP session: `delivery` answers a message that was not delivered
(`messages`, `failures`), over SSE in an `event_stream`, and `tickets` lead from the SDK's error back to ours.
`framework` names what Haystack's package may use of the rooms below.
"""
