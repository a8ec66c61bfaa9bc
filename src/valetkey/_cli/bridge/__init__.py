# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey bridge`: a stdio MCP server that forwards to a remote one with a login."""
