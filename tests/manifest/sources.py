# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Where the requirements are written."""

PRACTICE = "practice"
"""No text says it; servers and users do."""

_MCP = "https://modelcontextprotocol.io"
_GITHUB = "https://github.com/modelcontextprotocol"
_NEWEST = "2026-07-28"


def rfc(number: int, section: str) -> str:
    return f"https://www.rfc-editor.org/rfc/rfc{number}.html#section-{section}"


def oauth21(section: str) -> str:
    """The draft of OAuth 2.1 that MCP cites."""
    return f"https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-13#section-{section}"


def cimd(section: str) -> str:
    return f"https://www.ietf.org/archive/id/draft-ietf-oauth-client-id-metadata-document-01.html#section-{section}"


def id_jag(section: str) -> str:
    return f"https://www.ietf.org/archive/id/draft-ietf-oauth-identity-assertion-authz-grant-04.html#section-{section}"


def specification(page: str, *, revision: str = _NEWEST) -> str:
    return f"{_MCP}/specification/{revision}/{page}"


def authorization(anchor: str) -> str:
    return specification(f"basic/authorization#{anchor}")


def discovery(anchor: str) -> str:
    return specification(f"basic/authorization/authorization-server-discovery#{anchor}")


def registration(anchor: str) -> str:
    return specification(f"basic/authorization/client-registration#{anchor}".removesuffix("#"))


def security(anchor: str) -> str:
    return specification(f"basic/authorization/security-considerations#{anchor}".removesuffix("#"))


def practices(anchor: str) -> str:
    return f"{_MCP}/docs/{_NEWEST}/tutorials/security/security_best_practices#{anchor}"


def extension(page: str) -> str:
    return f"{_GITHUB}/ext-auth/blob/main/specification/{page}"


def proposal(number: int) -> str:
    return f"{_GITHUB}/modelcontextprotocol/pull/{number}"
