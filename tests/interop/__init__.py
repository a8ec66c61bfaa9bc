# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The life of a session at real servers, which `make interop` installs: not part of `make test`.

A server is a `Profile`; what happens at it is a `Step`; a test is one step at one server. What it came to is a cell of
the table in docs/interop.md.
"""
