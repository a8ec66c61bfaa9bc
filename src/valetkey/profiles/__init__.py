# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What single providers do differently, as data: one TOML file for each, found by the issuer.

`python -m valetkey.profiles` prints them all.
"""
