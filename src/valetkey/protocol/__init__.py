# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The messages of the protocol, pure: no I/O, no clock, no randomness, no HTTP library.

Each message has one builder and one parser: `…_request` (or `…_url`) builds what we send, and `parse_…` reads the
answer to it and raises the errors of `valetkey.errors`. `require_…` refuses a server whose metadata rules something
out.
"""
