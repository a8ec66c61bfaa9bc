# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""One MCP session: its task, its HTTP client and token, its list of tools, and what ends it."""
