# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The programs in `examples/` run as they stand there, against servers on this machine.

`make test` runs them on the main line, `make test-sdk1` on Haystack 2.23 and MCP SDK 1.x. The service of
`examples/hayhooks` runs in `tests/hayhooks`, and the agent with a login in mid-run in `tests/haystack`.
"""
