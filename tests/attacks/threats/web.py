# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Threats W: a web app with many users, its pages, and the links that go from person to person."""

from tests.attacks.threat import Defence, Threat

_WEB = "src/haystack_integrations/tools/mcp_oauth/web"
_ANSWERS = f"{_WEB}/answers.py"
_FORM_TOKENS = f"{_WEB}/form_tokens.py"
_MIDDLEWARE = f"{_WEB}/middleware.py"
_ORIGINS = f"{_WEB}/origins.py"
_PAGES = f"{_WEB}/pages.py"
_REQUEST = f"{_WEB}/request.py"
_ROUTES = f"{_WEB}/routes.py"
_DESIGN = "src/valetkey/login/page_design.py"

THREATS: tuple[Threat, ...] = (
    Threat(
        id="W1",
        attacker="a user of the app, who begins a login and gets another user to allow the access (link phishing)",
        controls="the link to the authorization server, with the attacker's state",
        gets="nothing: the answer comes with the other user's browser, so it is refused, and no token is asked for",
        remains="an app whose `principal=` believes what a user can write",
        test="test_web.py::test_what_another_user_allows_is_not_stored_for_who_has_begun_the_login",
        defences=(
            Defence(
                _ROUTES,
                "if login.principal != asked.principal:\n            return self._of_another_user()\n        try:",
                "try:",
            ),
        ),
    ),
    Threat(
        id="W2",
        attacker="a stranger, or another user, who has got hold of a short link",
        controls="requests for the link and guesses of others, signed in or not",
        gets="nothing: the link leads on for the one user it was made for; nothing says whose it is",
        remains="",
        test="test_web.py::test_a_short_link_leads_on_for_its_user_alone",
        defences=(
            Defence(
                _ROUTES,
                "if login.principal != asked.principal:\n            return self._of_another_user()\n        return redirect(",
                "return redirect(",
            ),
        ),
    ),
    Threat(
        id="W3",
        attacker="a page of another site in the browser of a user (CSRF)",
        controls="forms with the user's cookies: disconnect, connect",
        gets="nothing: the browser says where the form comes from, and the page does not know the token",
        remains="",
        test="test_web.py::test_no_other_site_connects_or_disconnects_for_a_user",
        defences=(
            Defence(_ORIGINS, 'fields.get("sec-fetch-site", "same-origin").lower() != "same-origin"', "False"),
            Defence(_ORIGINS, 'return fields.get("origin", "").lower() == origin', "return True"),
            Defence(_ROUTES, 'if self._forms.is_right(form.get("token", ""), principal) else None', ""),
        ),
    ),
    Threat(
        id="W4",
        attacker="a user of the app, who puts the token of an own page into a form for another user",
        controls="the token, and a way to have the other user's browser send it",
        gets="nothing: a token is good for the user it was made for, for a day",
        remains="",
        test="test_web.py::test_the_token_of_one_user_is_no_token_of_another",
        defences=(
            Defence(_FORM_TOKENS, 'f"{half_day}\\n{principal}"', 'f"{half_day}"'),
            Defence(
                _FORM_TOKENS, "{now - 1, now, self._half_day(ahead=MOST_AHEAD)}", "range(0, now + 1)", never_ends=True
            ),
        ),
    ),
    Threat(
        id="W5",
        attacker="a user who writes header fields past a proxy that adds its own and does not remove the user's",
        controls="a second field with a name, line breaks, a megabyte, the name of the program itself",
        gets="nobody's session: two names are one that no user has, and what can be no name is refused",
        remains="a proxy that lets the user's own field through alone: it is as good as that proxy",
        test="test_web.py::test_a_field_that_a_user_writes_makes_no_other_user_of_him",
        defences=(
            Defence(
                _REQUEST,
                'f"{headers[name]}{separator}{value}" if name in headers else value',
                "headers.get(name, value)",
            ),
            Defence(_MIDDLEWARE, "return require_user(principal) if", "return principal if"),
        ),
    ),
    Threat(
        id="W6",
        attacker="an MCP server or authorization server",
        controls="its host, the label and the scopes, and what it says of an error, which the pages show",
        gets="text on the page: no markup, no script, nothing of another origin",
        remains="",
        test="test_web.py::test_no_text_of_a_server_is_markup_on_the_pages",
        defences=(
            Defence(_PAGES, "name = shown(host_of(url))", "name = host_of(url)"),
            Defence(_PAGES, 'f" ({shown(label)})"', 'f" ({label})"'),
            Defence(_PAGES, "{shown(' '.join(scope))}", "{' '.join(scope)}"),
            Defence(_PAGES, "lines.append(shown(session.ended))", "lines.append(session.ended)"),
            Defence(_PAGES, "f'<p>{shown(message)}</p>", "f'<p>{message}</p>"),
            Defence(_PAGES, '<p class="todo">{shown(hint)}</p>', '<p class="todo">{hint}</p>'),
            Defence(_DESIGN, "default-src 'none'; ", ""),
        ),
    ),
    Threat(
        id="W7",
        attacker="an author of links, and an authorization server whose login page is no page",
        controls="what stands in a link to the app, and in the record of a login",
        gets="no redirect to a page of the attacker, and none to `javascript:`",
        remains="the authorization servers that the MCP servers name, which a login is at",
        test="test_web.py::test_the_app_redirects_to_no_page_of_an_attacker",
        defences=(
            Defence(
                _ROUTES,
                'redirect(require_endpoint(login.authorization_url, "login page"))',
                "redirect(login.authorization_url)",
            ),
            Defence(_ROUTES, '_LOGIN_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")', '_LOGIN_ID = re.compile(r".*")'),
            Defence(_ROUTES, 'quote(address, safe="")', "address"),
        ),
    ),
    Threat(
        id="W8",
        attacker="a page whose name leads to the app (DNS rebinding), or a request with another `Host`",
        controls="the host of a request, `X-Forwarded-Host`, the target",
        gets="no link and no redirect with that host, and no form that counts",
        remains="a page that is rebound reads what a visitor without cookies reads",
        test="test_web.py::test_no_link_and_no_redirect_has_the_host_of_the_request",
        defences=(
            Defence(
                _ROUTES,
                'redirect(f"{self._home_url}connected/{server.key}")',
                "redirect(f\"https://{asked.request.headers['host']}/mcp-oauth/connected/{server.key}\")",
            ),
            Defence(
                _ROUTES,
                'return f"{self._home_url}callback?{asked.query.removesuffix(_AGAIN)}"',
                "return f\"https://{asked.request.headers['host']}/callback?{asked.query[:9]}\"",
            ),
        ),
    ),
    Threat(
        id="W9",
        attacker="programs that load links before a person does: browsers, chat programs, scanners of mail",
        controls="requests for a link or an answer, also with the user's cookies",
        gets="nothing, and they use nothing up: the person's own visit still counts",
        remains="a browser that neither tells that it loads in advance nor what it navigates to",
        test="test_web.py::test_a_program_that_loads_links_in_advance_uses_none_up",
        defences=(Defence(_ORIGINS, "return status_of_no_navigation(", "return None and status_of_no_navigation("),),
    ),
    Threat(
        id="W10",
        attacker="a reader of the access log of the app",
        controls="the lines that an ASGI server writes of each request",
        gets="no code and no state: the query is taken out of the scope before the answer begins",
        remains="the log of a proxy in front, where a code is of no use without the verifier",
        test="test_web.py::test_the_access_log_holds_no_code",
        defences=(Defence(_MIDDLEWARE, 'scope["query_string"] = b""', "pass"),),
    ),
    Threat(
        id="W11",
        attacker="a visitor who has not signed in",
        controls="requests to endpoints of the app that call tools",
        gets="no session: neither a user's nor the one of the program itself",
        remains="an `OAuthConfig(principal=...)` that names one user for all",
        test="test_web.py::test_a_visitor_gets_no_session_at_all",
        defences=(
            Defence(
                _MIDDLEWARE,
                "return as_nobody() if principal is None else as_user(principal)",
                "return as_user(principal) if principal else memoryview(b'')",
            ),
        ),
    ),
    Threat(
        id="W12",
        attacker="a user whose request runs in the same thread or task after another user's",
        controls="requests at the right moment",
        gets="nothing of the other user: the name ends with the request, also where it fails",
        remains="",
        test="test_web.py::test_the_user_of_a_request_ends_with_it",
        defences=(
            Defence(_MIDDLEWARE, "with _context_of(principal):", "if _context_of(principal).__enter__() is None:"),
        ),
    ),
    Threat(
        id="W13",
        attacker="any visitor",
        controls="a query or a form of a megabyte",
        gets="a short refusal",
        remains="",
        test="test_web.py::test_a_megabyte_of_query_or_form_is_refused",
        defences=(
            Defence(_ROUTES, "if len(asked.query) > LONGEST_QUERY:", "if False:"),
            Defence(_ANSWERS, "if len(body) > longest:", "if False:"),
        ),
    ),
    Threat(
        id="W14",
        attacker="a page that frames the list of connections, or a person at the same computer later",
        controls="frames and clicks of the user, the cache and the referrers of the browser",
        gets="nothing: the pages stand in no frame and in no cache, and other sites get no referrer",
        remains="",
        test="test_web.py::test_the_pages_stand_in_no_frame_and_no_cache",
        defences=(
            Defence(_DESIGN, "frame-ancestors 'none'; ", ""),
            Defence(_DESIGN, '"Cache-Control": "no-store",', ""),
            Defence(_PAGES, '"Referrer-Policy": "same-origin"', '"Referrer-Policy": "unsafe-url"'),
        ),
    ),
)
