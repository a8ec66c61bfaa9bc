# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which token a record is about, where the token itself has no place."""

import hashlib

from valetkey.values import Secret


def fingerprint(token: Secret) -> str:
    """Give the beginning of a token's SHA-256."""
    return hashlib.sha256(token.reveal().encode("utf-8", "surrogatepass")).hexdigest()[:16]
