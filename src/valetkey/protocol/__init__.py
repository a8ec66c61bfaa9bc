# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The protocol, pure: each step is a builder and a parser; no I/O, no clock, no randomness, no HTTP library."""
