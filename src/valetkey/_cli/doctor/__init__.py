# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey doctor`: why a login at an MCP server fails, step by step, and who can do what about it."""
