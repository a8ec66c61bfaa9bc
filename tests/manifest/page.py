# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The page about the requirements: `python -m tests.manifest.page` writes docs/requirements.md.

It is made of the manifest and of what the tests name, so it cannot say more than they do; a test keeps it current.
"""

from pathlib import Path

from tests.manifest.proofs import named_by_tests
from tests.requirements import GROUPS, MANIFEST

PAGE = Path(__file__).parent.parent.parent / "docs" / "requirements.md"

TITLES = {
    "GEN": "Roles",
    "WWW": "Reading a 401 or 403",
    "PRM": "Protected resource metadata",
    "ASM": "Authorization server metadata",
    "REG": "Choosing a client",
    "CIMD": "Client ID Metadata Documents",
    "DCR": "Dynamic client registration",
    "SCP": "Scope",
    "RES": "Resource indicators",
    "AUT": "Authorization request",
    "RSP": "Authorization response",
    "TOK": "Token request",
    "USE": "Using the token",
    "REF": "Refresh",
    "STP": "Step-up",
    "SEC": "Transport and URL safety",
    "NAT": "Redirects of native programs",
    "REV": "Logout and revocation",
    "DEV": "Device grant",
    "CC": "Client credentials",
    "EMA": "Enterprise-managed authorization",
    "WIF": "Workload identity",
    "DPOP": "DPoP",
    "MTLS": "Mutual TLS",
    "VER": "Older revisions of MCP",
    "HTTP": "Other rules for HTTP",
}

BEYOND_THE_SUITE = {
    "header grammar: several challenges, odd quoting, repeated parameters": (
        "WWW-3",
        "WWW-4",
        "WWW-6",
        "WWW-7",
        "WWW-8",
    ),
    "an authorization server without S256 is refused": ("ASM-12", "ASM-13"),
    "where metadata may lead: private addresses, rebinding, redirects": ("PRM-15", "SEC-4", "SEC-5", "SEC-6", "SEC-7"),
    "opening a URL: schemes, user information, no shell": ("AUT-12", "AUT-13", "AUT-14"),
    "the store: rights, atomic writes, a restart": ("SEC-11", "REF-8"),
    "secrets in logs, errors, URLs and representations": ("SEC-12", "USE-7", "USE-3"),
    "refresh, rotation, one refresh for all who wait": ("REF-4", "REF-5", "REF-7", "REF-9"),
    "revocation and logout": ("REV-1", "REV-3", "REV-5", "REV-6"),
    "a client secret that has expired, a client that was forgotten": ("DCR-8", "DCR-12"),
    "the issuer of an error response": ("RSP-7",),
    "redirects of the token endpoint and of the MCP server with credentials": ("TOK-10", "USE-6"),
    "state: missing, wrong, repeated": ("AUT-6", "AUT-7", "RSP-9"),
    "the loopback listener: host, path, prefetch, one answer": ("NAT-5", "NAT-7", "NAT-8"),
    "the device grant": ("DEV-2", "DEV-4", "DEV-5", "DEV-6"),
    "Basic with characters that need encoding": ("TOK-5",),
    "several authorization servers, and sessions kept apart": ("ASM-1", "ASM-2", "RES-10"),
    "metadata that is no JSON, too large, or too slow": ("PRM-5", "ASM-7", "SEC-9"),
}
"""What the official suite leaves out, by the ids that prove it here."""


def page() -> str:
    """
    Write the page.

    :returns: Markdown.
    """
    named = named_by_tests()
    return "\n".join([*_introduction(), *_groups(named), *_beyond(named), *_gaps()]) + "\n"


def _introduction() -> list[str]:
    gaps = sum(item.gap is not None for item in MANIFEST.values())
    return [
        "# What an MCP client has to do, and which tests prove it",
        "",
        f"{len(MANIFEST)} numbered requirements, from the MCP specification and its extensions, the RFCs behind them,",
        "and practice. They are data in [tests/manifest](../tests/manifest); each test names the ids it proves, and",
        "[a test](../tests/test_requirements.py) checks both directions. This page is written from that data:",
        "`python -m tests.manifest.page`.",
        "",
        f"{len(MANIFEST) - gaps} have a test that proves them; {gaps} are not done or not ours; the reasons are below.",
        "",
    ]


def _groups(named: dict[str, list[str]]) -> list[str]:
    lines = [
        "| group | ids | requirements | proven | gaps | tests that name one |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for group in GROUPS:
        name = group[0].group
        proven = [item for item in group if item.id in named]
        tests = {test for item in proven for test in named[item.id]}
        gaps = sum(item.gap is not None for item in group)
        cells = (TITLES[name], f"{name}-1 … {name}-{len(group)}", len(group), len(proven), gaps, len(tests))
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return [*lines, ""]


def _beyond(named: dict[str, list[str]]) -> list[str]:
    lines = [
        "## Beyond the official suite",
        "",
        "What [the conformance suite](conformance.md) does not look at, and the requirements whose tests do.",
        "",
        "| subject | requirements | tests |",
        "| --- | --- | ---: |",
    ]
    for subject, ids in BEYOND_THE_SUITE.items():
        tests = {test for id_ in ids for test in named.get(id_, ())}
        lines.append(f"| {subject} | {', '.join(ids)} | {len(tests)} |")
    return [*lines, ""]


def _gaps() -> list[str]:
    lines = ["## Gaps", "", "| id | level | what is wanted | why it is not done here |", "| --- | --- | --- | --- |"]
    for item in MANIFEST.values():
        if item.gap is not None:
            lines.append(f"| {item.id} | {item.level} | {item.text} | {item.gap} |")
    return lines


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
