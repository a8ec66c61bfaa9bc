# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The kinds of findings about how an MCP server says that it wants a login."""

from valetkey._cli.doctor.kinds import fault, ok, warning

OF_THE_REJECTION = (
    ok("login_wanted", "The server wants a login: it answers 401.", "WWW-1"),
    ok("login_not_needed", "The server is open: no login is needed.", "GEN-1"),
    ok("login_offered", "The server answers without a login, and offers one.", "GEN-1"),
    warning(
        "forbidden_with_challenge",
        "The server answers 403 where it should answer 401.",
        *("WWW-17", "STP-9"),
        owner="Answer 401 where no token was sent; 403 is for a token that lacks scope.",
        sections="RFC 6750 §3.1; MCP Error Handling",
    ),
    warning(
        "forbidden_offers_login",
        "The server forbids access without a challenge, and publishes a login.",
        "WWW-17",
        client="Log in by name: valetkey login URL. A program starts no login after such a 403.",
        owner="Answer 401 with WWW-Authenticate where no token was sent.",
        sections="RFC 6750 §3.1; MCP Error Handling",
    ),
    fault(
        "forbidden",
        "The server forbids access and offers no login.",
        "WWW-17",
        client="Ask its operator for access; if it wants a key, give it in a header field (--header).",
        owner="Answer 401 with WWW-Authenticate where a login helps; see whether a firewall stops programs.",
        sections="RFC 9110 §15.5.2; MCP Error Handling",
    ),
    fault(
        "key_wanted",
        "The server wants a key that its owner hands out, and has no login.",
        "WWW-2",
        client="Get a key as the server's documentation says: your MCP client sends it in a header field.",
        owner="Publish protected resource metadata if a login is possible too.",
        sections="MCP Authorization; RFC 9728 §3",
    ),
    fault(
        "rejection_hidden",
        "The server wants a login and does not say so with 401.",
        *("WWW-1", "WWW-2"),
        client="Ask its operator; a client cannot know that a login is wanted.",
        owner="Answer 401 with WWW-Authenticate, also for a JSON-RPC error.",
        sections="RFC 9110 §15.5.2; MCP Error Handling",
    ),
)

OF_THE_CHALLENGE = (
    ok("challenge_ok", "The challenge is well-formed and leads to the metadata.", "WWW-3", "PRM-1"),
    warning(
        "challenge_absent",
        "The 401 has no WWW-Authenticate field.",
        "WWW-2",
        owner='Send WWW-Authenticate: Bearer resource_metadata="…" with every 401; see whether a gateway drops it.',
        sections="RFC 9110 §11.6.1; RFC 9728 §5.1",
    ),
    warning(
        "challenge_of_another_scheme",
        "The challenges are for other schemes than Bearer and DPoP.",
        "WWW-11",
        client="If the server wants a user name and a password, or a key, it has no login of MCP.",
        owner="Send a challenge for Bearer too.",
        sections="RFC 6750 §3; MCP Authorization",
    ),
    warning(
        "challenge_without_metadata",
        "The challenge does not say where the metadata is.",
        *("PRM-2", "WWW-2"),
        owner='Add resource_metadata="…" to the challenge.',
        sections="RFC 9728 §5.1",
    ),
    warning(
        "challenge_malformed",
        "The challenge does not follow the grammar; Valetkey reads what it can.",
        *("WWW-3", "WWW-6"),
        owner='Write it as Bearer name="value", name="value": commas between parameters, quotes around URLs.',
        sections="RFC 9110 §11.2, §11.6.1",
    ),
    warning(
        "challenge_address_relative",
        "The challenge names the metadata by a path; Valetkey resolves it.",
        "PRM-1",
        owner="Write the whole URL into resource_metadata.",
        sections="RFC 9728 §5.1",
    ),
    warning(
        "challenge_address_unusable",
        "What the challenge names as metadata is no URL.",
        "PRM-19",
        owner="Write the https URL of the metadata into resource_metadata.",
        sections="RFC 9728 §5.1",
    ),
    warning(
        "challenge_repeats_itself",
        "The challenge names a parameter more than once.",
        "WWW-8",
        owner="Name each parameter once.",
        sections="RFC 9110 §11.2",
    ),
)
