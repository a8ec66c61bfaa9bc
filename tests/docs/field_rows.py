# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The rows of docs/field.md: what comes from servers, gateways, computers and users, and what Valetkey does with it."""

from dataclasses import dataclass

SECTIONS = {
    "A": "A refusal is never a dead end, and never destroys what still works",
    "B": "What the user sets counts, also when a session is stored",
    "C": "Registration",
    "D": "Discovery",
    "E": "Requests and streams",
    "F": "Texts",
    "G": "Computers and places",
    "H": "Brakes",
    "I": "Hostile input",
    "J": "Haystack",
}


@dataclass(frozen=True, slots=True)
class FieldRow:
    """
    One row: `comes` is the smallest input, `does` is what Valetkey does with it.

    The id is a letter for the section and a number, which is not used again.
    """

    id: str
    comes: str
    does: str


ROWS = (
    FieldRow(
        "A1",
        "A refresh is answered with 400, 401 or 403 and an empty body, plain text or HTML.",
        "The record stays. Once the access token is of no use, a login begins beside it and replaces it when it "
        "succeeds.",
    ),
    FieldRow(
        "A2",
        "The same for a client registered by hand, with problem+json, a nested error object or a bare message.",
        "As A1: an answer without an OAuth error code ends nothing and stops no login.",
    ),
    FieldRow(
        "A3",
        "A refresh is answered with a JSON object without `error`, as gateways write it.",
        "Refresh token and registration are kept. A status that one provider uses for a forgotten client is in its "
        "profile.",
    ),
    FieldRow(
        "A4",
        "The stored token or revocation endpoint answers 3xx, 404, 405 or 410, because the issuer has moved it.",
        "The issuer's metadata is read once more, and the new endpoint is used and stored.",
    ),
    FieldRow(
        "A5",
        "The token endpoint answers 5xx for hours after the access token has ended.",
        "Nothing is deleted. After several tries over minutes the error names the way out; an explicit `login()` "
        "begins a login in spite of it.",
    ),
    FieldRow(
        "A6",
        "An endpoint or a metadata document answers 407, 408 or 425.",
        "The answer is temporary, everywhere; nothing is guessed because of it.",
    ),
    FieldRow(
        "A7",
        "A restarted authorization server has forgotten the client that Valetkey registered.",
        "Before a person is asked, Valetkey finds out whether the stored client still lives, and registers anew if "
        "not.",
    ),
    FieldRow(
        "A8",
        "Two processes share a store, and the refresh of one is refused shortly after the login.",
        "The record says that its issuer has ended it, so the other process begins a login too.",
    ),
    FieldRow(
        "A9",
        'A refresh is answered with 200 and `{"ok": false, "error": "internal_error"}`.',
        "Codes that mean a fault of the server are temporary.",
    ),
    FieldRow(
        "A10",
        'With `login="never"`, the refresh is refused.',
        "The error names the session, the server that ended it and its words, the store, and what to run.",
    ),
    FieldRow(
        "B1",
        "A login with one scope, then a program that sets a wider one.",
        "The requested scopes are compared, and a new login asks for the wider one.",
    ),
    FieldRow(
        "B2",
        "The secret, the authentication method or the key of a client registered by hand is changed in the settings.",
        "The settings are used, also for a stored session.",
    ),
    FieldRow(
        "B3",
        "An option is given after a login: a resource, an endpoint, parameters, the kind of token.",
        "One table says for each option whether it applies at once, wants a new token, or does not matter.",
    ),
    FieldRow(
        "B4",
        "`issuer=` names the issuer that the metadata names, and not the published place of it.",
        "The document at the published place counts if it names the pinned issuer byte for byte. Endpoints given by "
        "hand make metadata unnecessary.",
    ),
    FieldRow("B5", "A user follows the hint of an error literally.", "The hint leads on."),
    FieldRow(
        "C1",
        "A server registers only clients with a secret, or refuses a client without one later.",
        "The method is chosen from what the server lists; the next method follows where a brand-new client is "
        "refused; the second try changes what the refusal names.",
    ),
    FieldRow(
        "C2",
        "The answer to a registration names another redirect address.",
        "The login goes on; if it fails, the error says what was registered.",
    ),
    FieldRow(
        "C3",
        "The answer to a registration has a smaller scope.",
        "Only scope within it is asked for.",
    ),
    FieldRow(
        "C4",
        "A refusal carries its reason in another form than OAuth's, or a Retry-After of an hour.",
        "The error quotes the reason in any common form, and says when to try again.",
    ),
    FieldRow(
        "D1",
        "`resource_metadata` is a relative address, or no address at all.",
        "It is resolved against the URL of the MCP server; what is no URL then is no candidate. Other schemes, plain "
        "http and user information stay errors.",
    ),
    FieldRow(
        "D2",
        "The announced metadata does not exist, but the MCP server's origin has metadata.",
        "The origin is asked as if nothing had been announced.",
    ),
    FieldRow(
        "D3",
        "A metadata document is behind redirects.",
        "Up to three are followed within the origin, each through the guard; the identity is checked against the "
        "issuer that was asked. A redirect to another origin is named in the error.",
    ),
    FieldRow(
        "D4",
        "The URL of the MCP server ends in a slash, and its metadata lies at the path without it.",
        "That path is a further candidate.",
    ),
    FieldRow(
        "D5",
        "A member that no login needs has the wrong type, or one of two documents is broken.",
        "The member counts as absent; the broken document counts as missing, with its reason in the error.",
    ),
    FieldRow(
        "D6",
        "Two authorization servers are named, and the first cannot answer.",
        "The error names the other one, and `issuer=`.",
    ),
    FieldRow("D7", "`;` stands between the parameters of a challenge.", "All parameters are read."),
    FieldRow(
        "D8",
        "The server offers no code, or only plain PKCE.",
        "The login is refused before the browser opens, with a hint that helps.",
    ),
    FieldRow(
        "E1",
        "The MCP endpoint redirects, for example from `/mcp` to `/mcp/`.",
        "The request is sent on with its body, over every transport.",
    ),
    FieldRow(
        "E2",
        "An event stream is compressed although that was not asked for.",
        "It is decoded before answers are merged into it.",
    ),
    FieldRow(
        "E3",
        "A tool takes longer than the default timeout of the HTTP library.",
        "Every example has the MCP SDK's own timeouts.",
    ),
    FieldRow(
        "E4",
        "A renewal fails once, or a grant ends in mid-run, under the client of the MCP SDK or FastMCP.",
        "The call fails with a sentence, and the MCP session lives.",
    ),
    FieldRow("E5", "A framework copies the `OAuth` object.", "The copy is the object itself; `repr` shows no secret."),
    FieldRow(
        "E6",
        "The revocation endpoint wants another client authentication than the token endpoint.",
        "Its own list or the default decides; after `invalid_client` the secret is shown once.",
    ),
    FieldRow("E7", "`NO_PROXY` names a host with a port.", "It is honoured for that port."),
    FieldRow("E8", "A login on a slow network.", "Each attempt opens one connection to each origin."),
    FieldRow(
        "E9",
        "A server answers without a login and publishes resource metadata.",
        "An explicit `login()` logs in; from then on the token goes along.",
    ),
    FieldRow(
        "F1",
        "Haystack: the server is down, unknown, answers 404, 405, 500, 403 or HTML, or its certificate is unknown.",
        "The error says which of these it is, and one thing to do.",
    ),
    FieldRow(
        "F2",
        "Haystack: the new token lacks scope too.",
        "The error names the scope, the first time and the second.",
    ),
    FieldRow(
        "F3",
        "An error comes to the redirect address without `state`.",
        "The error says that no state came, and quotes the server.",
    ),
    FieldRow(
        "F4",
        "`consent_required`, `interaction_required` and their like.",
        "The hint says what the person does.",
    ),
    FieldRow("F5", "A machine is refused without a reason.", "No hint asks a machine to log in."),
    FieldRow(
        "F6",
        "The authorization server is down.",
        "The error names it, and why no connection came about.",
    ),
    FieldRow(
        "F7",
        "A redirect address is refused at registration.",
        "The error proposes an address that stays the same.",
    ),
    FieldRow(
        "F8",
        "The page of the authorization server shows an error, and no answer comes back.",
        "The error says what to do if the page showed one.",
    ),
    FieldRow(
        "F9",
        "Metadata names plain http or an inner port.",
        "The error says that the server seems to be behind a proxy that it does not know of.",
    ),
    FieldRow("F10", "`invalid_scope`.", "The error names the scope that was asked for, and `scope=`."),
    FieldRow(
        "F11",
        "A document is compressed and does not say so, or says so and is not.",
        "The error says which of the two it is.",
    ),
    FieldRow(
        "F12",
        "A person who should paste an address presses Ctrl-C.",
        "The login was cancelled, and no time-out is reported.",
    ),
    FieldRow("F13", "The store cannot be decrypted.", "The error names the store."),
    FieldRow(
        "F14",
        "Haystack: an option has the wrong type or an unknown name.",
        "It is refused when it is given, with the spelling to use.",
    ),
    FieldRow(
        "F15",
        "The MCP server rejects the new token too, and the caller has a plain client.",
        "One line in the log names the server, what it said, and what to do.",
    ),
    FieldRow("F16", "A registration or token endpoint redirects.", "The error names where to."),
    FieldRow("F17", "A login fails.", "The error names the MCP server."),
    FieldRow(
        "G1",
        "There is no home folder and no entry for the user.",
        "The place of the store is looked up when it is first needed; the error names `VALETKEY_STORE`.",
    ),
    FieldRow(
        "G2",
        "A machine in a container cannot write to its home folder.",
        "It goes on in memory with one warning; for a person the hint names `memory:`.",
    ),
    FieldRow(
        "G3",
        "`VALETKEY_STORE` names a relative path.",
        "It is refused with the spelling to use.",
    ),
    FieldRow(
        "G4",
        "There is no browser: a remote notebook, a container, a scheduled job.",
        "A listener and a pasted address race each other where a person can be asked; elsewhere the login fails at "
        "once and names the ways.",
    ),
    FieldRow("G5", 'A login with `"paste"` in a notebook.', "The kernel asks for the address."),
    FieldRow(
        "G6",
        'A login with `"paste"` and an https redirect address.',
        "It is allowed, because nothing has to listen.",
    ),
    FieldRow(
        "H1",
        "Every token is rejected, and every refresh is refused.",
        "Three tabs, registrations and token requests at most in a minute, for all programs that share the "
        "store; then the pause doubles from a minute to an hour. The error says how many tokens were "
        "rejected, in whose words, and when the next try may be made.",
    ),
    FieldRow(
        "H2",
        "Each 403 wants another scope.",
        "A login and two step-ups may follow each other at once; then as H1. A step-up whose token is accepted does "
        "not count, up to eight times.",
    ),
    FieldRow(
        "H3",
        "Every login is answered with `access_denied` at once.",
        "One tab in ten minutes, then in twenty, forty and sixty.",
    ),
    FieldRow(
        "H4",
        "The token endpoint answers each registered client with `unauthorized_client` or `invalid_client`.",
        "Another method is tried in the same login; after a login in vain an attempt registers three times at"
        " most. Then as H1.",
    ),
    FieldRow(
        "H5",
        "Tokens live for a second, and there is no refresh token; or programs are killed in their login.",
        "As H1: a login is counted when it begins.",
    ),
    FieldRow(
        "H6",
        "The token endpoint answers with 400, a web page or garbage.",
        "As H1.",
    ),
    FieldRow(
        "H7",
        "A 403 wants scope that the token has, once a minute.",
        "The person is asked again after one minute, two, four, up to an hour.",
    ),
    FieldRow(
        "H8",
        "Every token is rejected, once a minute, and there is no refresh token.",
        "As H7: about thirty tabs in a day, and not one with every call.",
    ),
    FieldRow(
        "H9",
        "A person declines a login, and the agent calls five times more.",
        "No second tab: the error says that the person has declined, when they may be asked again, and that "
        "`login()` asks at once.",
    ),
    FieldRow(
        "H10",
        '`login="never"`, and each refresh is refused in words that end nothing.',
        "Three refreshes in a minute, then as H1. A login that asks no person and sends nothing is not counted.",
    ),
    FieldRow(
        "H11",
        "Each renewal brings a new token, which is rejected.",
        "As H1, and no person is asked.",
    ),
    FieldRow(
        "H12",
        "Every token of a machine or a workload is rejected.",
        "As H1.",
    ),
    FieldRow(
        "H13",
        "The user calls `login()` or logs out while the brake holds.",
        "`login()` passes it at once, always; a logout forgets.",
    ),
    FieldRow(
        "H14",
        "An honest server: tokens of five minutes without a refresh token, of a second with one, of a "
        "machine; some do not say when they end.",
        "It is never slowed, and neither is one of two minutes without a refresh token. A token that serves for "
        "four minutes ends the row.",
    ),
    FieldRow(
        "I1",
        "WSL, or a `BROWSER` with a shell in it: a server names a login page with `$(…)`, quotes or backticks"
        " in its address.",
        "What is opened is encoded again, so that no character means anything to a shell; under WSL no opener"
        " builds a command text.",
    ),
    FieldRow(
        "I2",
        "16 kB of `:` where a URL is expected, or a megabyte of one character in any text of a server.",
        "Each text has a limit before anything reads it, and each parser takes time in proportion to its length.",
    ),
    FieldRow(
        "I3",
        "Resource metadata with tens of thousands of issuers; hundreds of announced addresses in one 401.",
        "An attempt has a budget of issuers, addresses, requests and seconds; an error lists the first few.",
    ),
    FieldRow(
        "I4",
        "An answer of 1.3 kB that unpacks to 1.5 GiB.",
        "It is unpacked under the limit that every answer has, and within the deadline; an encoding that was "
        "not asked for is refused.",
    ),
    FieldRow(
        "I5",
        "A hostile MCP server whose authorization server names the login page of an honest one, and a token "
        "endpoint of its own (mix-up).",
        "A login page on another origin than the issuer is refused where that origin is another issuer's; the"
        " prompt names the link's host. What remains is in SECURITY.md.",
    ),
    FieldRow(
        "I6",
        "A server repeats a code, verifier, token or secret, in any status and any spelling in which it was sent.",
        "The answer is parsed first, and what is shown of it is redacted. A short secret changes no error code.",
    ),
    FieldRow(
        "I7",
        "A server names an issuer with control characters for a terminal; a text of 242 kB.",
        "Every error escapes and caps what a server said, where the error is made.",
    ),
    FieldRow(
        "I8",
        "A public MCP server names a login page on loopback or in a private network.",
        "What a browser would open is judged by the rules of the network guard.",
    ),
    FieldRow(
        "I9",
        "Another path or tenant on the MCP server's origin.",
        "The token goes only where the session's resource covers the address.",
    ),
    FieldRow(
        "I10",
        "The file of the store can be read or written by other users.",
        "It is closed to them, with one warning, or refused with what to do.",
    ),
    FieldRow(
        "I11",
        "Half of a surrogate pair in a token answer; a Redis key or a record that is not UTF-8; CR LF in a "
        "stored token.",
        "Texts are checked where they are read; what was not foreseen becomes an error of Valetkey. An issued"
        " token is not lost for a member that cannot be read.",
    ),
    FieldRow(
        "I12",
        "Behind a proxy: `169.254.169.254.`, `127.0.0.1.`, `0xa9fea9fe.`.",
        "A host is judged by what it says in any notation, with and without a last dot.",
    ),
    FieldRow(
        "I13",
        "A page of another site loads the callback address as an image while a login is pending.",
        "Only a navigation of the browser answers a login.",
    ),
    FieldRow(
        "I14",
        "The browser inherits the environment of the program, with `VALETKEY_STORE_KEY` and other secrets.",
        "It gets none of them.",
    ),
    FieldRow(
        "I15",
        "A password in the address of a store; secrets given as plain text.",
        "Neither stands in `repr`, YAML or an error.",
    ),
    FieldRow(
        "I16",
        "Another user of the computer reads the link of a login from the browser's arguments, and answers it "
        "with a code of their own.",
        "This is inherent to logins on loopback addresses (RFC 8252); as little as possible stands in "
        "arguments, and SECURITY.md says what remains.",
    ),
    FieldRow(
        "I17",
        "A connection to the callback port sends one byte now and then.",
        "All connections of a login are read in one thread, each within a total time and size.",
    ),
    FieldRow(
        "I18",
        "A user or a profile sets `state`, `code_challenge` or another parameter of ours; the folder of locks"
        " belongs to another user.",
        "The user's is refused, a profile's replaces none of ours, and the folder is not used.",
    ),
    FieldRow(
        "J1",
        "Haystack: four users make ten calls each through one toolset, at once.",
        "Each call is made as its user: `principal=` (a text or a function), or `as_user`. A web server whose calls "
        "name no user is warned once.",
    ),
    FieldRow(
        "J2",
        "Haystack: the first login comes inside of an event loop (`Agent.run_async`, `warm_up_tools_async`, a cold "
        "`MCPTool.ainvoke`).",
        "The loop goes on. What can only block is told at once that a person has to log in, and the login goes on.",
    ),
    FieldRow(
        "J3",
        "Haystack: a client is closed, or the program ends, while a login waits for a person.",
        "The waiting ends at once, unless another client or a login by name waits for the same login.",
    ),
    FieldRow(
        "J4",
        "Hundreds of sessions of one process are renewed at the same moment, on any store.",
        "All are renewed, by a bounded number of threads and connections with a queue in front of them. A store that "
        "stays busy is `StoreBusy`, which is temporary; one token request is made for each session.",
    ),
    FieldRow(
        "J5",
        "Haystack: a server lists its tools on several pages.",
        "All pages are read, up to a limit; a list that goes round in circles is cut, and the log says so.",
    ),
    FieldRow(
        "J6",
        "Haystack: a server speaks only the MCP revision 2026-07-28.",
        "It is spoken to with `mcp` 2; with `mcp` 1 the error has the server's own words and says what to install.",
    ),
    FieldRow(
        "J7",
        "Haystack: the clients are built directly, with upstream's names and signatures.",
        "They take the same arguments, and a static token is sent.",
    ),
    FieldRow(
        "J8",
        "Haystack: a user wants to log in ahead, to log out, and to see what discovery found.",
        "The server info has methods for it, also from a toolset or a tool.",
    ),
    FieldRow(
        "J9",
        "Haystack: a server adds a tool while a toolset is in use, or while it was not connected.",
        "`notifications/tools/list_changed` is heard, and each new connection lists anew; an agent sees the tool in "
        "its next step.",
    ),
    FieldRow(
        "J10",
        "Haystack: one person has two accounts at one server.",
        "`label=` and `principal=` keep their sessions apart, in YAML too.",
    ),
)
