# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The extension for enterprise-managed authorization."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import extension, id_jag

EMA = (
    Requirement(
        "EMA-1",
        "MUST",
        "https://modelcontextprotocol.io/extensions/auth/enterprise-managed-authorization",
        "Use it where the organisation has set it up, and ask nobody at the MCP server's authorization server.",
    ),
    Requirement(
        "EMA-2",
        "MAY",
        extension("stable/enterprise-managed-authorization.mdx"),
        "Recognise a server that takes identity assertions by its metadata, or by configuration.",
    ),
    Requirement(
        "EMA-3",
        "MUST",
        extension("stable/enterprise-managed-authorization.mdx"),
        "Log the person in at the identity provider with state, nonce and PKCE, and keep the identity token.",
        gap="The program has its employees logged in already and gives the identity token, or a source of fresh ones.",
    ),
    Requirement(
        "EMA-4",
        "MUST",
        extension("stable/enterprise-managed-authorization.mdx"),
        "Exchange the identity token for an identity assertion grant at the identity provider.",
    ),
    Requirement(
        "EMA-5",
        "MUST",
        extension("stable/enterprise-managed-authorization.mdx"),
        "Make the issuer of the MCP server's authorization server the audience.",
    ),
    Requirement(
        "EMA-6",
        "OPTIONAL → send always",
        extension("stable/enterprise-managed-authorization.mdx"),
        "Name the MCP server's resource in the exchange.",
    ),
    Requirement(
        "EMA-7",
        "MUST",
        extension("stable/enterprise-managed-authorization.mdx"),
        "Authenticate the client at the identity provider.",
    ),
    Requirement(
        "EMA-8",
        "MUST (derived)",
        extension("stable/enterprise-managed-authorization.mdx"),
        "Check the type of what the exchange gives, and never show it to the MCP server.",
    ),
    Requirement(
        "EMA-9",
        "MUST",
        extension("stable/enterprise-managed-authorization.mdx"),
        "Present the assertion with the client's proof at the MCP server's authorization server.",
    ),
    Requirement(
        "EMA-10",
        "MAY",
        extension("stable/enterprise-managed-authorization.mdx"),
        "Let a metadata document introduce the client there.",
    ),
    Requirement("EMA-11", "MUST (derived)", id_jag("5"), "Let the client have different ids at the two servers."),
    Requirement(
        "EMA-12",
        "SHOULD NOT (AS) → expect none",
        id_jag("4.4.3"),
        "Renew by the assertion, else by the identity token, else by a login; expect no refresh token.",
    ),
    Requirement("EMA-13", "MUST NOT", id_jag("8.3"), "Use an assertion at the one server it was made for."),
    Requirement(
        "EMA-14",
        "MUST",
        extension("stable/enterprise-managed-authorization.mdx"),
        "Get a new assertion when one cannot be used a second time.",
    ),
    Requirement(
        "EMA-15",
        "MUST / MUST NOT",
        extension("stable/enterprise-managed-authorization.mdx"),
        "Use https throughout, and keep assertions out of addresses and logs.",
    ),
    Requirement(
        "EMA-16",
        "MAY",
        id_jag("8.2"),
        "Log the person in again, as strongly as the identity provider asks.",
        gap="The error tells how strong the login has to be, and the program that logs its employees in does it.",
    ),
    Requirement("EMA-17", "SHOULD", id_jag("8.1"), "Keep it to clients that can prove themselves."),
    Requirement(
        "EMA-18",
        "MUST",
        extension("stable/enterprise-managed-authorization.mdx"),
        "Take less scope than asked at either step, and ask again when more is needed.",
    ),
)
