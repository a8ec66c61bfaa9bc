# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The rules that MCP adds to OAuth. Pure: arguments in, values out."""
