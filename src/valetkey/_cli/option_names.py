# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The options of the settings that the command line has under their own name: `--option NAME=VALUE`."""

SWITCHES = ("assume_pkce", "dpop", "offline_access", "send_resource", "strict")
TEXTS = (
    *("assertion_audience", "authorization_endpoint", "bearer", "client_authentication", "client_name"),
    *("device_authorization_endpoint", "private_key", "redirect_uri", "registration_endpoint", "resource"),
    *("signing_algorithm", "token_endpoint"),
)
"""As `docs/options.md` describes them."""
