# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How kinds of findings are written down, and the words that several of them share."""

from valetkey._cli.doctor.findings import Kind, Mark

CHECK_URL = "Check the URL, its path too."
ASK = "Tell the server's operator."
TRUST_PROXY = (
    "Set the public URL of the server (often PUBLIC_URL, BASE_URL or the issuer), or let it trust the proxy's "
    "X-Forwarded-Proto and X-Forwarded-Host."
)


def ok(code: str, meaning: str, *requirements: str) -> Kind:
    """Make a kind that says that something is as it should be."""
    return Kind(code, Mark.OK, meaning, requirements=requirements)


def warning(code: str, meaning: str, *requirements: str, client: str = "", owner: str = "", sections: str = "") -> Kind:
    """Make a kind that a login survives."""
    return Kind(code, Mark.WARNING, meaning, client, owner, requirements, sections)


def fault(code: str, meaning: str, *requirements: str, client: str = "", owner: str = "", sections: str = "") -> Kind:
    """Make a kind that no login survives."""
    return Kind(code, Mark.FAULT, meaning, client, owner, requirements, sections)
