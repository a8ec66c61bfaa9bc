# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Threats D: a server that names other servers: metadata, issuers, endpoints and the links that a browser opens."""

from tests.attacks.threat import Defence, Threat

DISCOVERY = "src/valetkey/_discovery/discovery.py"
REQUESTS = "src/valetkey/_discovery/metadata_requests.py"
RESOURCE_ASKED = "src/valetkey/_discovery/resource.py"
SERVER_ASKED = "src/valetkey/_discovery/server.py"
BUDGET = "src/valetkey/_discovery/budget.py"
RESOURCE = "src/valetkey/protocol/resource.py"
SERVER = "src/valetkey/protocol/server.py"
AUTHORIZATION_CODE = "src/valetkey/_grants/code_login.py"
DEVICE_CODE = "src/valetkey/_grants/device_code.py"
LINKS = "src/valetkey/_network/links.py"

HOSTILE_SERVER = "a hostile MCP server"
SECOND_READ = "an operator's server that has been taken over"

THREATS: tuple[Threat, ...] = (
    Threat(
        id="D1",
        attacker="a hostile MCP server with an authorization server of its own",
        controls="metadata with the login page of an honest server and a token endpoint of its own (mix-up)",
        gets="nothing: the host of the page is asked whose it is, and an `iss` in the answer has to be the issuer's",
        remains="an honest server without `iss` whose metadata does not name the page, or is at no usual place; a page "
        "of the attacker's that redirects to it; a code for another device; `issuer=` pins the right one",
        test="test_discovery.py::test_the_login_page_of_an_honest_server_brings_no_code_to_another",
        defences=(
            Defence(
                DISCOVERY, "    require_own_page(server, settings, requests)\n    _cross_check(", "    _cross_check("
            ),
            Defence("src/valetkey/_discovery/mix_up.py", "claim is not None and is_mixed_up(server, claim)", "False"),
            Defence("src/valetkey/protocol/mix_up.py", "_place(one) == _place(other)", "one == other"),
        ),
    ),
    Threat(
        id="D2",
        attacker="a hostile MCP server with an authorization server of its own",
        controls="the host of the login page",
        gets="a person who sees the MCP server, the issuer and the host of the page before they log in",
        remains="a person who does not read it",
        test="test_discovery.py::test_the_person_sees_at_whose_page_they_log_in",
        defences=(Defence("src/valetkey/login/prompt.py", ' if elsewhere else ""', ' if False else ""'),),
    ),
    Threat(
        id="D3",
        attacker=HOSTILE_SERVER,
        controls="a metadata document about another issuer",
        gets="nothing: the issuer is compared byte by byte, and a failed check is never followed by the next place",
        remains="the lone slash of an issuer without a path, unless `strict=True`",
        test="test_discovery.py::test_a_document_about_another_issuer_ends_the_search",
        defences=(
            Defence(SERVER, "if not urls.same_issuer(issuer, named, strict=strict):", "if False:"),
            Defence(
                REQUESTS,
                "except (MalformedDocument, Unsupported, UnreadableAnswer) as error:",
                "except AuthError as error:",
            ),
        ),
    ),
    Threat(
        id="D4",
        attacker=HOSTILE_SERVER,
        controls="the `resource` that it publishes",
        gets="nothing: the resource has to cover the server's own URL, on its origin, at the boundary of a segment",
        remains="a server below the same origin that publishes the whole origin as its resource, unless `strict=True`",
        test="test_discovery.py::test_a_server_that_calls_itself_another_one_gets_no_token_for_that_one",
        defences=(
            Defence(RESOURCE, "    if not accepted:\n", "    if False:\n"),
            Defence("src/valetkey/urls.py", "or not same_origin(resource, url):", "or False:"),
            Defence(
                "src/valetkey/urls.py",
                "if not _with_last_slash(asked.path).startswith(start):",
                "if not asked.path.startswith(published.path):",
            ),
        ),
    ),
    Threat(
        id="D5",
        attacker="a person who can overload an honest MCP server, and answers at /register of its host",
        controls="a 5xx or 429 in place of the metadata",
        gets="nothing: an outage is not taken for a server without metadata, so no endpoint is guessed",
        remains="",
        test="test_discovery.py::test_an_outage_of_the_metadata_leads_to_no_guessed_endpoint",
        defences=(
            Defence(
                RESOURCE_ASKED,
                '        requests.require_certainty(f"The MCP server {server_url}", server_url)\n',
                "        pass\n",
            ),
            Defence(REQUESTS, "    if is_temporary(response):\n        return what, _not_now(response)\n", ""),
        ),
    ),
    Threat(
        id="D6",
        attacker="a service beside the MCP server that answers at /register of its host",
        controls="nothing but its own endpoints",
        gets="nothing: a server that announces metadata is no old one whose endpoints are guessed",
        remains="servers of MCP 2025-03-26 that announce nothing",
        test="test_discovery.py::test_announced_metadata_that_is_not_there_leads_to_no_guessed_endpoint",
        defences=(Defence(DISCOVERY, "    if metadata_urls(challenge):", "    if False:"),),
    ),
    Threat(
        id="D7",
        attacker="the owner of a page that an honest server's open redirect leads to",
        controls="a metadata document at another origin",
        gets="nothing: redirects of documents are followed within their origin only",
        remains="a redirect within the origin",
        test="test_discovery.py::test_an_open_redirect_of_an_honest_server_publishes_no_metadata_of_another",
        defences=(Defence(REQUESTS, " or not urls.same_origin(target, request.url) or not self", " or not self"),),
    ),
    Threat(
        id="D8",
        attacker=SECOND_READ,
        controls="metadata that no longer announces S256",
        gets="no login: there is none without S256, whatever was announced before",
        remains="`assume_pkce=True`",
        test="test_discovery.py::test_metadata_that_loses_s256_leads_to_no_weaker_login",
        defences=(
            Defence(SERVER, '    if "S256" in (methods or ()):', "    if True:"),
            Defence(
                AUTHORIZATION_CODE, "        require_code_flow(target.server, trusted=target.profile.assume_pkce)\n", ""
            ),
        ),
    ),
    Threat(
        id="D9",
        attacker=SECOND_READ,
        controls="metadata that changes while a person logs in",
        gets="nothing: the answer is checked against what was recorded when the login began",
        remains="",
        test="test_discovery.py::test_endpoints_that_change_while_the_person_logs_in_get_no_code",
        defences=(
            Defence(
                "src/valetkey/protocol/authorization.py",
                'if received is None and (not server.iss_parameter_supported or "error" in parameters):',
                "if received is None:",
            ),
        ),
    ),
    Threat(
        id="D10",
        attacker="a hostile public MCP server",
        controls="the login page, or the page of a login on another device",
        gets="nothing: a link to an address of the person's own network or computer is not opened",
        remains="a name that leads there in the browser only; behind a proxy, any name",
        test="test_discovery.py::test_a_link_into_the_persons_own_network_is_not_opened",
        defences=(
            Defence(AUTHORIZATION_CODE, "self.seams.judge_link(target.server", "str(target.server"),
            Defence(DEVICE_CODE, "self._seams.judge_link(page)", "str(page)"),
            Defence(
                LINKS,
                "    if certain is not None:\n        return (certain,)",
                "    if certain is not None:\n        return ()",
            ),
            Defence(LINKS, "    return tuple(dict.fromkeys(map(kind_of, addresses)))", "    return ()"),
        ),
    ),
    Threat(
        id="D11",
        attacker="a hostile MCP server on this computer",
        controls="the login page",
        gets="nothing in the network around this computer: the engine's real parts judge its links",
        remains="other services on this computer",
        test="test_discovery.py::test_an_engine_as_a_program_makes_it_judges_its_links",
        defences=(
            Defence("src/valetkey/_engine/factory.py", "judge_link=send.judge_link", "judge_link=str"),
            Defence(LINKS, "if guard.is_restricted(url, kind) and not locality.is_at(kind, clock):", "if False:"),
        ),
    ),
    Threat(
        id="D12",
        attacker=HOSTILE_SERVER,
        controls="tens of thousands of issuers at a third host, in one document",
        gets="a dozen requests to that host",
        remains="those, at each attempt",
        test="test_discovery.py::test_thousands_of_issuers_make_no_source_of_requests_of_us",
        defences=(
            Defence(SERVER_ASKED, "first_of(issuers, requests.budget.limits.issuers)", "first_of(issuers, 10**6)"),
        ),
    ),
    Threat(
        id="D13",
        attacker=HOSTILE_SERVER,
        controls="hundreds of announced URLs in one 401, and redirects without end",
        gets="17 requests",
        remains="those, at each attempt",
        test="test_discovery.py::test_hundreds_of_announced_urls_make_no_source_of_requests_of_us",
        defences=(
            Defence(RESOURCE_ASKED, "requests.budget.limits.announced)", "10**6)"),
            Defence(REQUESTS, " or not self.budget.takes_redirect():", ":"),
        ),
    ),
    Threat(
        id="D14",
        attacker="a hostile server that answers slowly",
        controls="nine seconds for each answer, and many places",
        gets="a minute of one thread",
        remains="",
        test="test_discovery.py::test_slow_answers_hold_no_thread_for_long",
        defences=(
            Defence(REQUESTS, "        self.budget.require_rest(request.url, self.tried)\n", ""),
            Defence(BUDGET, "            self.seconds += self.monotonic() - started\n", "            pass\n"),
        ),
    ),
    Threat(
        id="D15",
        attacker="a hostile MCP server that rejects good tokens",
        controls="how often one attempt asks about the login",
        gets="one budget for all questions of the attempt",
        remains="",
        test="test_discovery.py::test_several_questions_of_one_attempt_have_one_budget",
        defences=(Defence("src/valetkey/_engine/attempts.py", "            budget=attempt.moved.budget,\n", ""),),
    ),
    Threat(
        id="D16",
        attacker="the owner of the second authorization server that an MCP server names",
        controls="an outage of the first one",
        gets="nothing: a person is not sent to another server because one is down",
        remains="",
        test="test_discovery.py::test_an_outage_of_the_first_server_sends_no_person_to_the_second",
        defences=(
            Defence(
                SERVER_ASKED,
                "            raise _with_others(error, [other for other in issuers if other != issuer]) from error\n",
                "            continue\n",
            ),
        ),
    ),
    Threat(
        id="D17",
        attacker=HOSTILE_SERVER,
        controls="a document that names the issuer that the user trusts, with endpoints of its own",
        gets="nothing that belongs to that issuer: endpoints elsewhere get no secret",
        remains="an endpoint that the user names",
        test="test_discovery.py::test_a_document_elsewhere_that_names_the_users_issuer_gets_no_secret",
        defences=(Defence(SERVER_ASKED, "return _bound_to(pin, elsewhere, settings)", "return elsewhere"),),
    ),
    Threat(
        id="D18",
        attacker=HOSTILE_SERVER,
        controls="lists of 100,000 members in its documents",
        gets="a link and a record of a few kilobytes",
        remains="",
        test="test_discovery.py::test_lists_without_end_make_no_link_and_no_record_without_end",
        defences=(
            Defence("src/valetkey/wire.py", "    if len(text) > LONGEST_SCOPE:", "    if False:"),
            Defence("src/valetkey/wire.py", "    return tuple(value[:most])", "    return tuple(value)"),
        ),
    ),
)
