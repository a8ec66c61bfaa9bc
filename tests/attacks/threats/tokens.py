# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Threats T: what is bound to what: codes, states, tokens, secrets and keys, and the server that each belongs to."""

from tests.attacks.threat import Defence, Threat

ATTEMPTS = "src/valetkey/_engine/attempts.py"
AUTHORIZATION = "src/valetkey/protocol/authorization.py"
CHECKS = "src/valetkey/settings/checks.py"
CODE = "src/valetkey/_grants/code_login.py"
CODEC = "src/valetkey/_sessions/codec.py"
CREDENTIAL = "src/valetkey/_adapters/credential.py"
DECISION = "src/valetkey/_engine/decision.py"
DISCOVERY = "src/valetkey/_discovery/discovery.py"
DPOP = "src/valetkey/protocol/dpop.py"
FITTING = "src/valetkey/_policy/fitting.py"
FLOW = "src/valetkey/_adapters/flow.py"
GIVEN = "src/valetkey/_policy/given.py"
GUARD = "src/valetkey/_network/guard.py"
MOVED_LOGIN = "src/valetkey/_engine/moved_login.py"
RESOURCE = "src/valetkey/protocol/resource.py"
SELECTION = "src/valetkey/_clients/selection.py"
SERVER = "src/valetkey/protocol/server.py"
TOKEN_ENDPOINT = "src/valetkey/_grants/token_endpoint.py"
TOKEN_REQUEST = "src/valetkey/protocol/token_request.py"
URLS = "src/valetkey/urls.py"
WORKLOAD = "src/valetkey/_grants/workload_identity.py"
HAYSTACK_CLIENT = "src/haystack_integrations/tools/mcp_oauth/_mcp_session/http_client.py"

THREATS: tuple[Threat, ...] = (
    Threat(
        id="T1",
        attacker="a page in the person's browser",
        controls="the answer that reaches the redirect address",
        gets="nothing: a code is redeemed only with the state of this login",
        remains="",
        test="test_tokens.py::test_an_answer_with_another_state_redeems_no_code",
        defences=(
            Defence(AUTHORIZATION, "    _check_state(parameters, pending)\n", ""),
            Defence(AUTHORIZATION, "if Secret(received) == pending.state:", "if received:"),
        ),
    ),
    Threat(
        id="T2",
        attacker="a hostile MCP server",
        controls="which authorization server is named, when a program first meets it",
        gets="no client secret: the user or the catalogue of providers has to name the issuer (CVE-2026-115563)",
        remains="a secret that the user gives with the wrong `issuer=`",
        test="test_cves.py::test_cve_2026_115563_an_mcp_server_names_the_receiver_of_a_secret",
        defences=(
            Defence(
                SELECTION,
                "        if record is None and not may_show:\n            raise self._names_no_issuer(issuer)\n",
                "",
            ),
        ),
    ),
    Threat(
        id="T3",
        attacker="a hostile MCP server",
        controls="which authorization server is named, where the user has named another",
        gets="nothing: the user's issuer is the only one",
        remains="",
        test="test_cves.py::test_cve_2026_115563_with_the_issuer_named_no_other_one_gets_a_secret",
        defences=(
            Defence(
                DISCOVERY,
                "        if settings.issuer is not None:\n            found = pinned_server(",
                "        if False:\n            found = pinned_server(",
            ),
        ),
    ),
    Threat(
        id="T4",
        attacker="an MCP server that turns hostile",
        controls="which authorization server is named, and that the token is rejected",
        gets="no client, code, verifier or refresh token of the old issuer (CVE-2026-104850)",
        remains="a person may log in at the new server, which the prompt names; `issuer=` prevents it",
        test="test_cves.py::test_cve_2026_104850_a_server_turns_hostile_and_moves_its_login",
        defences=(
            Defence(
                MOVED_LOGIN,
                "        return not any(urls.same_issuer(issuer, session.issuer, strict=strict) for issuer in named)",
                "        return False",
            ),
        ),
    ),
    Threat(
        id="T5",
        attacker="a hostile MCP server",
        controls="metadata that names the honest issuer and login page, and a token endpoint of its own",
        gets="no code and no verifier: a document counts only at the place of its issuer",
        remains="",
        test="test_cves.py::test_cve_2026_104850_a_document_names_the_honest_login_and_another_token_endpoint",
        defences=(
            Defence(
                SERVER,
                "    if not urls.same_issuer(issuer, named, strict=strict):  # RFC 8414 §3.3\n",
                "    if False:\n",
            ),
        ),
    ),
    Threat(
        id="T6",
        attacker="a hostile MCP server",
        controls="the resource that its metadata is about",
        gets="no token for another server: the resource has to cover the server's own URL (CVE-2026-63127)",
        remains="an authorization server that ignores `resource`",
        test="test_cves.py::test_cve_2026_63127_the_metadata_is_of_another_resource",
        defences=(Defence(RESOURCE, "    if not accepted:\n", "    if False:\n"),),
    ),
    Threat(
        id="T7",
        attacker="a page in the person's browser",
        controls="an answer of an earlier login, from the browser's history",
        gets="nothing: each login has a state of its own",
        remains="",
        test="test_tokens.py::test_the_answer_of_an_earlier_login_is_no_answer_to_a_later_one",
        defences=(Defence(CODE, "state=Secret(self.seams.random()),", 'state=Secret("always the same state"),'),),
    ),
    Threat(
        id="T8",
        attacker="a page in the person's browser",
        controls="an answer with a parameter twice",
        gets="nothing: such an answer is none",
        remains="",
        test="test_tokens.py::test_an_answer_that_repeats_a_parameter_is_none",
        defences=(
            Defence(AUTHORIZATION, "    if len(parameters) != len(pairs):  # RFC 6749 §3.1\n", "    if False:\n"),
        ),
    ),
    Threat(
        id="T9",
        attacker="a hostile authorization server",
        controls="a login at its own page, and the answer, with a code of the honest server (mix-up)",
        gets="no redeemed code: `iss` is compared byte by byte",
        remains="a server that does not send `iss`",
        test="test_tokens.py::test_an_answer_of_another_issuer_redeems_no_code",
        defences=(
            Defence(
                AUTHORIZATION,
                "    _check_issuer(parameters, pending.server)  # before anything else in it is believed or shown\n",
                "",
            ),
            Defence(
                AUTHORIZATION,
                "    if received != server.issuer:\n",
                '    if received and received.rstrip("/").lower() != server.issuer:\n',
            ),
        ),
    ),
    Threat(
        id="T10",
        attacker="a hostile authorization server",
        controls="the answer, without the `iss` that the issuer announces",
        gets="no redeemed code",
        remains="",
        test="test_tokens.py::test_an_answer_without_the_issuer_that_was_announced_redeems_no_code",
        defences=(
            Defence(
                AUTHORIZATION,
                '    if received is None and (not server.iss_parameter_supported or "error" in parameters):\n',
                "    if received is None:\n",
            ),
        ),
    ),
    Threat(
        id="T11",
        attacker="a hostile authorization server",
        controls="the text of an error answer to a login at another issuer",
        gets="nothing is shown of it",
        remains="",
        test="test_tokens.py::test_the_words_of_another_issuer_are_not_shown",
        defences=(
            Defence(
                AUTHORIZATION,
                "    if received != server.issuer:\n",
                '    if received != server.issuer and "error" not in parameters:\n',
            ),
        ),
    ),
    Threat(
        id="T12",
        attacker="another program of the computer",
        controls="what it reads of a login: the link, and the answer",
        gets="a code that it cannot redeem: the verifier is in neither",
        remains="a program that runs as the user can read the user's tokens",
        test="test_tokens.py::test_who_sees_an_authorization_request_cannot_redeem_its_code",
        defences=(
            Defence(AUTHORIZATION, '"code_challenge_method": "S256",', '"code_challenge_method": "plain",'),
            Defence(
                AUTHORIZATION,
                '"code_challenge": code_challenge(pending.verifier),',
                '"code_challenge": pending.verifier.reveal(),',
            ),
            Defence(CODE, "verifier=Secret(self.seams.random()),", 'verifier=Secret("v" * 43),'),
        ),
    ),
    Threat(
        id="T13",
        attacker="an attacker on the way of metadata, or a hostile authorization server",
        controls="the PKCE methods that are listed",
        gets="no login with a weaker method",
        remains="",
        test="test_tokens.py::test_a_server_cannot_talk_the_client_out_of_s256",
        defences=(
            Defence(
                SERVER,
                '    if "S256" in (methods or ()):\n',
                '    if methods is None or "plain" in methods or not methods or methods == ("none",):\n',
            ),
            Defence(SERVER, "        _require_s256(metadata)\n", "        pass\n"),
        ),
    ),
    Threat(
        id="T14",
        attacker="a hostile authorization server",
        controls="the answer to a code",
        gets="the code once, however it is refused",
        remains="",
        test="test_tokens.py::test_a_code_is_sent_once",
        defences=(
            Defence(
                CODE,
                "            token = self._tokens.ask(request)\n",
                "            token, _ = self._tokens.ask_corrected(request)\n",
            ),
        ),
    ),
    Threat(
        id="T15",
        attacker="a page with instructions",
        controls="what a user types into `authorization_parameters=`",
        gets="nothing: a parameter that Valetkey sets itself is refused",
        remains="",
        test="test_tokens.py::test_a_user_cannot_be_talked_into_replacing_what_protects_a_login",
        defences=(
            Defence(
                CHECKS,
                "    reserved = OWN_PARAMETERS & dict(options.authorization_parameters).keys()\n",
                "    reserved: set[str] = set()\n",
            ),
        ),
    ),
    Threat(
        id="T16",
        attacker="a profile of a provider",
        controls="further parameters of an authorization request",
        gets="nothing: they replace none of ours",
        remains="",
        test="test_tokens.py::test_a_further_parameter_of_a_provider_replaces_none_of_ours",
        defences=(
            Defence(
                AUTHORIZATION,
                "    parts = urlsplit(endpoint)\n",
                "    ours.update(pending.parameters)\n    parts = urlsplit(endpoint)\n",
            ),
        ),
    ),
    Threat(
        id="T17",
        attacker="a hostile authorization server",
        controls="the query of its authorization endpoint",
        gets="nothing: a parameter of ours stands once, with our value",
        remains="",
        test="test_tokens.py::test_a_query_of_the_endpoint_repeats_no_parameter_of_ours",
        defences=(
            Defence(AUTHORIZATION, 'if pair and unquote_plus(pair.partition("=")[0]) not in ours]', "if pair]"),
            Defence(
                AUTHORIZATION, 'unquote_plus(pair.partition("=")[0]) not in ours', 'pair.partition("=")[0] not in ours'
            ),
        ),
    ),
    Threat(
        id="T18",
        attacker="an MCP server that turns hostile",
        controls="a challenge that leads to another authorization server",
        gets="nothing of the session, which belongs to its issuer",
        remains="",
        test="test_tokens.py::test_nothing_of_a_session_follows_a_login_that_moves",
        defences=(
            Defence(
                DECISION,
                "    return not situation.has_given_up and not _is_superseded(situation)\n",
                "    return not situation.has_given_up\n",
            ),
        ),
    ),
    Threat(
        id="T19",
        attacker="a hostile MCP server",
        controls="which authorization server is named, at a later login",
        gets="not the user's client id: it stays with its first issuer",
        remains="the first issuer of a client id is taken on trust",
        test="test_tokens.py::test_a_client_id_of_the_user_goes_to_no_second_issuer",
        defences=(Defence(SELECTION, "        if pinned != issuer:\n", "        if False:\n"),),
    ),
    Threat(
        id="T20",
        attacker="a hostile MCP server",
        controls="an authorization server that first takes the client without a secret, and later wants one",
        gets="no secret",
        remains="",
        test="test_tokens.py::test_a_secret_that_is_given_later_does_not_go_to_an_issuer_that_was_taken_on_trust",
        defences=(
            Defence(
                FITTING,
                "    if given.client_secret is not None and client.secret is None and not _may_show_secret(session, settings):\n",
                "    if False:\n",
            ),
            Defence(
                SELECTION, "        if pinned == issuer and not may_show and not saw_secret:\n", "        if False:\n"
            ),
        ),
    ),
    Threat(
        id="T21",
        attacker="a hostile MCP server without metadata",
        controls="the token endpoint that MCP 2025-03-26 lets a client guess",
        gets="no secret",
        remains="",
        test="test_tokens.py::test_a_secret_does_not_go_to_a_guess",
        defences=(
            Defence(
                SELECTION, "        if is_secret and server.source is MetadataSource.GUESSED:\n", "        if False:\n"
            ),
        ),
    ),
    Threat(
        id="T22",
        attacker="a hostile MCP server",
        controls="the metadata beside a token endpoint that the user has named",
        gets="no token and no secret at a logout",
        remains="",
        test="test_tokens.py::test_tokens_of_the_users_endpoint_are_revoked_nowhere_else",
        defences=(
            Defence(
                GIVEN,
                "    if revocation is not None and not urls.same_origin(revocation, endpoint):\n",
                "    if False:\n",
            ),
        ),
    ),
    Threat(
        id="T23",
        attacker="a person who can write to a plain store",
        controls="a session with the endpoints of another server",
        gets="no refresh token and no secret: the guard compares the issuer of what is sent",
        remains="who can write a whole record can make one of their own",
        test="test_tokens.py::test_a_record_that_joins_two_issuers_sends_nothing",
        defences=(Defence(GUARD, "            if owner != request.issuer:\n", "            if False:\n"),),
    ),
    Threat(
        id="T24",
        attacker="a hostile MCP server",
        controls="which authorization server a workload's platform token is sent to",
        gets="nothing: without `issuer=`, the audience of the token has to name the receiver",
        remains="",
        test="test_tokens.py::test_the_token_of_a_platform_goes_only_where_its_audience_says",
        defences=(Defence(WORKLOAD, "            self._require_audience(token, server)\n", "            pass\n"),),
    ),
    Threat(
        id="T25",
        attacker="a hostile MCP server",
        controls="the tokens that it receives, which it passes on to another server",
        gets="tokens for itself: each request names the resource (RFC 8707)",
        remains="an authorization server that ignores `resource`, or whose profile says that it refuses it",
        test="test_tokens.py::test_every_token_is_asked_for_one_resource",
        defences=(
            Defence(AUTHORIZATION, '        ours["resource"] = pending.resource\n', "        pass\n"),
            Defence(TOKEN_REQUEST, "            *resource_field(pending.resource),\n", ""),
            Defence(TOKEN_REQUEST, "            *resource_field(session.resource),\n", ""),
            Defence(
                TOKEN_REQUEST,
                '(("grant_type", "client_credentials"), *resource_field(resource), *scope_field(scope))',
                '(("grant_type", "client_credentials"), *scope_field(scope))',
            ),
        ),
    ),
    Threat(
        id="T26",
        attacker="another user of a service",
        controls="a session of their own in a store that all users share",
        gets="no session of another principal",
        remains="a program that passes the wrong principal",
        test="test_tokens.py::test_one_principal_never_gets_the_session_of_another",
        defences=(Defence(CODEC, "return settings.principal, server,", 'return "", server,'),),
    ),
    Threat(
        id="T27",
        attacker="a hostile MCP server",
        controls="the scope that its 403 names",
        gets="no more than the user has set with `scope=`",
        remains="without `scope=`, a person is asked, and a machine asks",
        test="test_tokens.py::test_a_server_does_not_get_more_scope_than_the_user_has_set",
        defences=(
            Defence(
                DECISION,
                "lambda situation: _wants_more_scope(situation) and situation.is_scope_pinned,",
                "lambda situation: False,",
            ),
        ),
    ),
    Threat(
        id="T28",
        attacker="an attacker on the way of a token answer, or a hostile authorization server",
        controls="the type of the token",
        gets="no use of a token without the key that was demanded",
        remains="",
        test="test_tokens.py::test_a_token_without_the_key_is_not_taken_where_a_bound_one_is_wanted",
        defences=(
            Defence(
                DPOP,
                "    if (token.token_type is TokenType.DPOP) == (key is not None):\n        return key\n",
                "    if True:\n        return key if token.token_type is TokenType.DPOP else None\n",
            ),
        ),
    ),
    Threat(
        id="T29",
        attacker="every server of a session",
        controls="all requests that it receives",
        gets="proofs and the public half of the key",
        remains="",
        test="test_tokens.py::test_a_key_never_leaves",
        defences=(
            Defence(
                DPOP,
                'public = {name: members[name] for name in _THUMBPRINT_MEMBERS[members["kty"]]}',
                'public = {name: members[name] for name in (*_THUMBPRINT_MEMBERS[members["kty"]], "d")}',
            ),
        ),
    ),
    Threat(
        id="T30",
        attacker="an attacker with an open redirect on the MCP server",
        controls="where a call is redirected to",
        gets="a call without a token",
        remains="",
        test="test_tokens.py::test_a_token_does_not_follow_a_redirect_to_another_origin",
        defences=(
            Defence(
                HAYSTACK_CLIENT,
                "        if token is not None and self._gate.serves(str(request.url)):\n",
                "        if token is not None:\n",
            ),
        ),
    ),
    Threat(
        id="T31",
        attacker="a server that a redirect leads to",
        controls="a 401 or 403",
        gets="no renewal and no login",
        remains="",
        test="test_tokens.py::test_another_origin_cannot_have_a_token_replaced",
        defences=(
            Defence(
                CREDENTIAL,
                "return challenges if challenges is not None and engine.serves(str(response.url)) else None",
                "return challenges",
            ),
        ),
    ),
    Threat(
        id="T32",
        attacker="another server that a program uses with the same client",
        controls="the requests that it receives",
        gets="no token",
        remains="",
        test="test_tokens.py::test_a_token_goes_to_no_other_server",
        defences=(
            Defence(
                FLOW, "        return is_free and self._engine.serves(str(request.url))\n", "        return is_free\n"
            ),
        ),
    ),
    Threat(
        id="T33",
        attacker="an attacker on the network",
        controls="what is sent over plain http",
        gets="no token: none is obtained for a server on plain http, except on loopback",
        remains="",
        test="test_tokens.py::test_no_token_is_obtained_for_a_server_on_plain_http",
        defences=(
            Defence(
                ATTEMPTS, '        urls.require_endpoint(self._settings.server_url, "URL of the MCP server")\n', ""
            ),
        ),
    ),
    Threat(
        id="T34",
        attacker="an attacker with an open redirect on the authorization server",
        controls="where a token request is redirected to",
        gets="nothing: a request with a credential is not sent on",
        remains="",
        test="test_tokens.py::test_a_code_does_not_follow_a_redirect",
        defences=(
            Defence(
                TOKEN_ENDPOINT,
                "        response = self._seams.send(http_request(request, authentication, dpop_proof))\n",
                '        sent = http_request(request, authentication, dpop_proof)\n        response = self._seams.send(sent)\n        target = response.header("Location")\n        if target is not None:\n            response = self._seams.send(__import__("dataclasses").replace(sent, url=target))\n',
            ),
        ),
    ),
    Threat(
        id="T35",
        attacker="a hostile authorization server",
        controls="endpoints that hide their host behind user information",
        gets="nothing: such a URL is refused",
        remains="",
        test="test_tokens.py::test_an_endpoint_that_hides_its_host_is_not_used",
        defences=(
            Defence(
                URLS,
                "    if parts.username is not None:\n        return _HAS_USER\n    if not _AUTHORITY.fullmatch(parts.netloc):",
                '    if not _AUTHORITY.fullmatch(parts.netloc.rpartition("@")[2]):',
            ),
        ),
    ),
    Threat(
        id="T36",
        attacker="a hostile MCP server",
        controls="a first document that fails a check of identity",
        gets="no choice of the next document: the attempt ends",
        remains="",
        test="test_tokens.py::test_a_document_of_another_resource_is_not_skipped_for_the_next_place",
        defences=(
            Defence(
                RESOURCE,
                "    if not accepted:\n",
                "    if not accepted:\n        return None\n    if accepted is None:\n",
            ),
        ),
    ),
    Threat(
        id="T37",
        attacker="a hostile authorization server",
        controls="a first document that names another issuer",
        gets="no choice of the next document: the attempt ends",
        remains="",
        test="test_tokens.py::test_a_document_of_another_issuer_is_not_skipped_for_the_next_place",
        defences=(
            Defence(
                SERVER,
                "    if not urls.same_issuer(issuer, named, strict=strict):  # RFC 8414 §3.3\n",
                "    if not urls.same_issuer(issuer, named, strict=strict):\n        return None\n    if document is None:\n",
            ),
        ),
    ),
    Threat(
        id="T38",
        attacker="an attacker who can disturb the network",
        controls="that metadata cannot be read",
        gets="no registration at a guessed place",
        remains="",
        test="test_tokens.py::test_a_server_that_cannot_answer_now_leads_to_no_guess",
        defences=(
            Defence(
                DISCOVERY,
                '    requests.require_certainty(f"The MCP server {settings.server_url}", settings.server_url)\n',
                "",
            ),
        ),
    ),
)
