# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The kinds of findings about the client of a login, what it may ask for, and how it authenticates."""

from valetkey._cli.doctor.kinds import fault, ok, warning

OF_THE_CLIENT = (
    ok("client_given", "The settings have a client for this server.", "REG-2"),
    ok("client_stored", "A client was registered before, and is used again.", "DCR-12"),
    ok("client_document", "The client is a metadata document, and the server takes documents.", "CIMD-2"),
    ok("client_registers", "A login registers a client itself; the examination has not tried it.", "DCR-1"),
    ok("client_registered", "A client was registered now, as you asked.", "DCR-1"),
    warning(
        "registered_other_address",
        "The server registered another redirect address than the one it was asked for.",
        *("DCR-7", "NAT-1"),
        client="If the login fails at the server's page, register a client by hand, and give it with --client-id.",
        owner="Register the addresses that are asked for, or refuse; a loopback address may have any port.",
        sections="RFC 7591 §3.2.1; RFC 8252 §7.3",
    ),
    warning(
        "registered_less_scope",
        "The server registered the client for less scope than the MCP server wants.",
        *("DCR-7", "SCP-1"),
        owner="Allow registered clients the scope that the MCP server names.",
        sections="RFC 7591 §2",
    ),
    warning(
        "registered_secret_ends",
        "The secret of the registered client ends soon: after that, a person has to log in with a new client.",
        "DCR-7",
        owner="Register public clients without a secret, or with client_secret_expires_at: 0.",
        sections="RFC 7591 §3.2.1",
    ),
    fault(
        "client_by_hand",
        "The server registers no programs: a client has to be registered by hand.",
        *("REG-1", "DCR-9"),
        client="Register a client at the provider, and give its id with --client-id.",
        owner="Accept client metadata documents, or dynamic registration for loopback addresses.",
        sections="MCP Client Registration Approaches; RFC 7591 §3",
    ),
    fault(
        "client_needs_document",
        "The server takes metadata documents of clients and registers no client, and there is no document.",
        *("CIMD-1", "REG-1"),
        client="Give the URL of your client metadata document (client_metadata_url=), or a client by --client-id.",
        owner="Say in your documentation that a document is needed, or allow registration too.",
        sections="MCP Client ID Metadata Documents",
    ),
    fault(
        "registration_refused",
        "The server refuses to register a client.",
        *("DCR-9", "DCR-10"),
        client="Register a client by hand, and give its id with --client-id.",
        owner="Register public clients with loopback addresses; refuse with an error code and its reason.",
        sections="RFC 7591 §3.2.2",
    ),
    fault(
        "registration_absent",
        "Nothing registers clients at the registration endpoint.",
        *("DCR-1", "DCR-9"),
        client="Register a client by hand, and give its id with --client-id.",
        owner="Correct registration_endpoint, or leave it out where programs cannot register.",
        sections="RFC 7591 §3; RFC 8414 §2",
    ),
    fault(
        "registration_unreadable",
        "The answer to the registration has no client in it.",
        "DCR-9",
        client="Register a client by hand, and give its id with --client-id.",
        owner="Answer 201 with a JSON object that has client_id, or an error with its code.",
        sections="RFC 7591 §3.2.1",
    ),
    fault(
        "registration_fails",
        "The server cannot register a client now.",
        "DCR-9",
        client="Try again later.",
        owner="See the log of the authorization server.",
        sections="RFC 7591 §3.2",
    ),
    fault(
        "redirect_address_refused",
        "The server refuses loopback redirect addresses.",
        *("NAT-1", "DCR-11"),
        client="Register a client by hand with an address that the server takes, and give it with --client-id.",
        owner="Accept http://127.0.0.1 and http://localhost with any port.",
        sections="RFC 8252 §7.3",
    ),
    fault("login_stops", "A login stops here.", "GEN-1", client="Tell the server's operator what it says."),
    fault(
        "client_unusable",
        "The client of the settings cannot be used here.",
        *("REG-3", "REG-5"),
        client="Say to which issuer the client belongs, with --issuer.",
    ),
)

OF_THE_GRANTS = (
    ok("code_offered", "A login with a browser is possible.", "AUT-1"),
    ok("device_offered", "A login on another device is possible (--device).", "DEV-1"),
    fault(
        "grant_not_offered",
        "The server does not offer the grant that the settings ask for.",
        "DEV-1",
        client="Leave the grant out, or ask its operator.",
        owner="Name the endpoint of the grant, and list it in grant_types_supported.",
        sections="RFC 8414 §2",
    ),
    warning(
        "code_unlisted",
        "The server lists its grants without the authorization code.",
        "AUT-1",
        owner="List authorization_code in grant_types_supported.",
        sections="RFC 8414 §2",
    ),
    ok("refresh_offered", "Sessions can be renewed without a person.", "REF-1"),
    warning(
        "refresh_unlisted",
        "The server lists its grants without refresh tokens: a person may have to log in each time a token ends.",
        "REF-1",
        client="Ask its operator for refresh tokens.",
        owner="Issue refresh tokens to public clients, with rotation, and list the grant.",
        sections="RFC 6749 §6; RFC 8414 §2",
    ),
)

OF_THE_SCOPE = (
    ok("scope_ok", "It is clear which scope is asked for.", "SCP-1", "SCP-2"),
    ok("scope_none", "No scope is asked for: the server names none.", "SCP-3"),
    warning(
        "scope_not_published",
        "The challenge asks for scope that the server's own metadata does not list.",
        "SCP-4",
        owner="List in scopes_supported what the challenge asks for.",
        sections="RFC 9728 §2",
    ),
    warning(
        "scope_unknown_to_server",
        "The authorization server does not list scope that would be asked for; it may answer invalid_scope.",
        *("SCP-1", "RSP-11"),
        client="If the login fails with invalid_scope, set --scope to what the server lists.",
        owner="Define the scope at the authorization server, or correct the MCP server's list.",
        sections="RFC 6749 §4.1.2.1; RFC 8414 §2",
    ),
    warning(
        "scope_separated_wrongly",
        "Several scopes are written as one: in a challenge spaces separate them, in a list each is a member.",
        "SCP-1",
        client="If the login fails with invalid_scope, set --scope.",
        owner='Write scope="a b" in the challenge, and scopes_supported: ["a", "b"].',
        sections="RFC 6749 §3.3; RFC 9728 §2",
    ),
    warning(
        "scope_list_empty",
        "The list of scopes is empty; it counts as no list.",
        *("SCP-3", "PRM-12"),
        owner="Leave scopes_supported out, or name the scopes.",
        sections="RFC 9728 §3.2",
    ),
    warning(
        "scope_broad",
        "A login would ask for very many scopes.",
        "SCP-7",
        client="Ask for less with --scope.",
        owner="Name in the challenge only what the operation needs.",
        sections="MCP Scope Selection Strategy; RFC 9700 §2.3",
    ),
)

OF_AUTHENTICATION = (
    ok("method_ok", "The token endpoint takes public clients.", "TOK-4", "NAT-10"),
    warning(
        "method_unlisted",
        "The metadata does not say how clients authenticate, which means a secret in the header.",
        *("TOK-4", "DCR-6"),
        owner='List "none" in token_endpoint_auth_methods_supported.',
        sections="RFC 8414 §2",
    ),
    warning(
        "method_needs_secret",
        "The token endpoint wants a secret of every client; Valetkey registers for it, or you give one.",
        *("TOK-4", "DCR-6"),
        owner='List "none": a program that everybody can copy keeps no secret.',
        sections="RFC 8252 §8.5; RFC 8414 §2",
    ),
    warning(
        "method_unknown",
        "The token endpoint takes only methods that Valetkey does not have.",
        "TOK-4",
        client="Ask its operator for a client that authenticates with none, a secret or private_key_jwt.",
        owner='List "none" in token_endpoint_auth_methods_supported.',
        sections="RFC 7591 §2",
    ),
)

OF_THE_END = (
    ok("revocation_ok", "A logout revokes the tokens.", "REV-1"),
    warning(
        "revocation_absent",
        "A logout cannot revoke tokens: they end when their time is over.",
        "REV-1",
        owner="Offer a revocation endpoint.",
        sections="RFC 7009 §2",
    ),
    ok("iss_ok", "Answers to logins say which server they come from.", "RSP-1"),
    warning(
        "iss_absent",
        "Answers to logins do not say which server they come from; Valetkey keeps logins apart by their state.",
        "RSP-4",
        owner="Send iss in authorization responses, and announce it.",
        sections="RFC 9207 §2; MCP Authorization Response Validation",
    ),
)
