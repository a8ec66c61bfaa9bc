# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What single providers do differently, as data: one small TOML file for each, chosen by the issuer.

A profile only fills in what the user has left open. The log says which one is used; `profile="none"` uses none. `python
-m valetkey.profiles` prints all of them.
"""
