# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Threats C: the browser, the callback address, the pages and the other users of the computer."""

from tests.attacks.threat import Defence, Threat

_BROWSER = "src/valetkey/login/browser.py"
_COMPLETING = "src/valetkey/_engine/completing.py"
_CONNECTIONS = "src/valetkey/login/connections.py"
_ENVIRONMENT = "src/valetkey/login/environment.py"
_LISTENER = "src/valetkey/login/listener.py"
_PAGE = "src/valetkey/login/page.py"
_PAGE_DESIGN = "src/valetkey/login/page_design.py"
_PENDING_RECORD = "src/valetkey/_sessions/pending_codec.py"
_PENDING = "src/valetkey/_sessions/pending_logins.py"
_PENDING_CODEC = "src/valetkey/_sessions/pending_codec.py"
_PROMPT = "src/valetkey/login/prompt.py"
_REQUEST = "src/valetkey/login/request.py"
_URLS = "src/valetkey/urls.py"

THREATS: tuple[Threat, ...] = (
    Threat(
        id="C1",
        attacker="an MCP server whose login page runs a command (CVE-2025-6514, CVE-2025-10619)",
        controls="the authorization endpoint: `https://as.example/$(calc.exe)/a?x&calc`",
        gets="nothing: one program gets one encoded argument, and no shell reads it",
        remains="a script of the user's own that lets `cmd.exe` read the link without quotation marks",
        test="test_callback.py::test_a_command_in_the_login_page_is_one_harmless_argument",
        defences=(
            Defence(_BROWSER, 'urls.encode_for_browser(urls.require_endpoint(url, "login page"))', "url"),
            Defence(_BROWSER, "if _builds_command_text([*words, program], system):", "if not words:"),
            Defence(_URLS, 'each if "=" in each or not each else f"{each}="', "each"),
        ),
    ),
    Threat(
        id="C2",
        attacker="an MCP server, against a person under WSL",
        controls="the authorization endpoint; `wslview` under any name builds a PowerShell command line",
        gets="nothing: only `rundll32` is started, without a command interpreter",
        remains="",
        test="test_callback.py::test_under_wsl_nothing_is_started_that_builds_a_command_line",
        defences=(
            Defence(_BROWSER, "if system == WSL:", "if system == 'none':"),
            Defence(_BROWSER, "(system == WSL and names & _LEADS_ANYWHERE)", "False"),
            Defence(_BROWSER, '*("cmd", "powershell", "pwsh", "wsl", "wslview", "wsl-open"),', ""),
            Defence(_BROWSER, 'or "microsoft" in release.lower()', ""),
        ),
    ),
    Threat(
        id="C3",
        attacker="an MCP server",
        controls="the login page: `javascript:`, `data:`, `file:`, user information, another script's letters",
        gets="nothing: it is neither opened nor shown",
        remains="",
        test="test_callback.py::test_a_login_page_that_is_no_page_is_neither_opened_nor_shown",
        defences=(
            Defence(_BROWSER, 'urls.require_endpoint(url, "login page")', "url"),
            Defence(_PROMPT, 'urls.require_endpoint(url, "login page")', "url"),
            Defence(_URLS, "    if not url.isascii():", "    if not url:"),
        ),
    ),
    Threat(
        id="C4",
        attacker="an MCP server or authorization server",
        controls="its names and the code for another device, which a terminal shows",
        gets="nothing: no line of its own, no cursor moved, no link under another text",
        remains="",
        test="test_callback.py::test_no_server_writes_a_line_of_its_own_into_the_terminal",
        defences=(
            Defence(_PROMPT, "return shown if urls.is_endpoint(url) and", "return shown if"),
            Defence(_PROMPT, "return user_code if user_code.isprintable() and", "return user_code if"),
        ),
    ),
    Threat(
        id="C5",
        attacker="a page in the person's browser that knows the port",
        controls="a link, a form or a window that goes to the callback with a forged answer",
        gets="nothing: the login goes on waiting, and the person is told",
        remains="the person sees a page that they did not ask for",
        test="test_callback.py::test_a_forged_answer_ends_no_login",
        defences=(
            Defence(_LISTENER, "return any(compare_digest(", "return True or any(compare_digest("),
            Defence(_LISTENER, "self._state: str | None = None", "self._state: str | None = ''"),
        ),
    ),
    Threat(
        id="C6",
        attacker="a page in the person's browser",
        controls="images, frames, scripts, `fetch`, forms and sockets that load the callback",
        gets="nothing, even if it knew the state: the answer is a navigation with GET",
        remains="browsers from before 2023 do not tell; there the state alone decides",
        test="test_callback.py::test_what_a_page_embeds_is_no_answer",
        defences=(
            Defence(_REQUEST, 'mode.lower() != "navigate" or', ""),
            Defence(_REQUEST, "or kind.lower() not in documents", ""),
            Defence(_REQUEST, "or is_socket", ""),
            Defence(_REQUEST, 'return request.method != "GET"', "return False"),
            Defence(_REQUEST, "    (503, _is_guess_of_browser),\n", ""),
        ),
    ),
    Threat(
        id="C7",
        attacker="a page whose host name leads to 127.0.0.1 (DNS rebinding)",
        controls="requests to the callback port that the browser counts as that page's own",
        gets="nothing: the host and the target have to be the listener's",
        remains="",
        test="test_callback.py::test_a_page_that_is_rebound_to_loopback_reads_nothing",
        defences=(
            Defence(_REQUEST, 'or f"http://{host}" != origin', ""),
            Defence(_REQUEST, 'if f"{scheme}://{host}".lower() != origin:', "if False:"),
        ),
    ),
    Threat(
        id="C8",
        attacker="another program of the computer, also of another user",
        controls="hundreds of connections to the callback port that send a byte now and then",
        gets="nothing: a connection has a limit in all, and the oldest makes room",
        remains="a flood that keeps a processor busy",
        test="test_callback.py::test_connections_without_end_do_not_keep_the_browser_out",
        defences=(
            Defence(_CONNECTIONS, "if len(self._open) >= MOST_CONNECTIONS:", "if False:"),
            Defence(_CONNECTIONS, "each.ends_at <= now", "False"),
            Defence(_CONNECTIONS, "elif len(connection.received) >= LONGEST_HEAD:", "elif False:"),
        ),
    ),
    Threat(
        id="C9",
        attacker="extensions, helpers and crash reports of the browser",
        controls="what the browser process inherits",
        gets="no secret of the environment",
        remains="",
        test="test_callback.py::test_the_browser_inherits_no_secret",
        defences=(
            Defence(_BROWSER, "env=environment_for_browser(os.environ),", ""),
            Defence(_ENVIRONMENT, "return name.startswith(_FAMILIES) and not any(", "return True or not any("),
            Defence(_ENVIRONMENT, "and not any(word in name for word in _SOUNDS_SECRET)", ""),
            Defence(_ENVIRONMENT, 'before + value[len(before) :].rpartition("@")[2]', "value"),
        ),
    ),
    Threat(
        id="C10",
        attacker="a project from elsewhere, in whose folder the program runs",
        controls="a file `xdg-open` or `firefox` in that folder",
        gets="nothing: no program is started that the current folder decides",
        remains="",
        test="test_callback.py::test_no_program_of_the_current_folder_is_started",
        defences=(
            Defence(_BROWSER, "if os.path.dirname(program) and not os.path.isabs(program):", "if False:"),
            Defence(_ENVIRONMENT, "if os.path.isabs(folder)", "if True"),
        ),
    ),
    Threat(
        id="C11",
        attacker="an authorization server",
        controls="texts that the page at the end of a login shows",
        gets="text on the page, in quotation marks: no markup, no script, no turned direction, no endless page",
        remains="",
        test="test_callback.py::test_the_text_of_a_server_is_no_markup_on_our_page",
        defences=(
            Defence(_PAGE_DESIGN, "return html.escape(", "return str("),
            Defence(_PAGE_DESIGN, '"�" if unicodedata.category(each) in _INVISIBLE else each', "each"),
            Defence(_PAGE_DESIGN, "text if len(text) <= _LONGEST_TEXT else", "text if True else"),
            Defence(_PAGE_DESIGN, "default-src 'none'; ", ""),
        ),
    ),
    Threat(
        id="C12",
        attacker="a page in the person's browser, or a person who looks at the browser later",
        controls="frames, windows, referrers, caches and the history of the browser",
        gets="neither the code nor the button: no frame, no hold on the window, no referrer, no cache",
        remains="extensions of the browser see each address before the page can take it away",
        test="test_callback.py::test_the_page_leaves_nothing_behind_and_obeys_no_other_page",
        defences=(
            Defence(_PAGE_DESIGN, "frame-ancestors 'none'; ", ""),
            Defence(_PAGE_DESIGN, '"Cross-Origin-Opener-Policy": "same-origin",', ""),
            Defence(_PAGE_DESIGN, '"Referrer-Policy": "no-referrer",', ""),
            Defence(_PAGE_DESIGN, '"Cache-Control": "no-store",', ""),
            Defence(_PAGE, "_SCRIPT = \"history.replaceState(null, '', location.pathname);\"", '_SCRIPT = ""'),
        ),
    ),
    Threat(
        id="C13",
        attacker="a page in the person's browser",
        controls="a form that presses *End the login* for the person",
        gets="nothing: what the button sends stands on our page alone",
        remains="a person who is talked into pressing the button, and another program of the computer, which can read the "
        "page and press it; the login can be started again",
        test="test_callback.py::test_no_other_page_ends_the_login_for_the_person",
        defences=(
            Defence(_LISTENER, "if not is_right or", "if False or"),
            Defence(_LISTENER, "secrets.token_urlsafe(32)", "'end'"),
        ),
    ),
    Threat(
        id="C14",
        attacker="another user of the computer, who reads the arguments of the browser process",
        controls="requests to the callback port, with the state and the challenge of the login",
        gets="no token: neither the verifier nor a secret is in the arguments",
        remains="**the program can be logged in to their account**: RFC 8252 leaves this open to local users; "
        "`PrintedLink()` starts no program ([why](docs/decisions/opening-the-browser.md))",
        test="test_callback.py::test_the_arguments_of_the_browser_hold_no_secret",
        defences=(
            Defence(
                "src/valetkey/protocol/authorization.py",
                '"code_challenge": code_challenge(pending.verifier),',
                '"code_challenge": pending.verifier.reveal(),',
            ),
        ),
    ),
    Threat(
        id="C15",
        attacker="a user of a web app, against another user of it",
        controls="the start link of a login of their own, which they send to the other one; the answer to the other's login",
        gets="nothing: the answer counts only from the user for whom the login was begun, compared exactly",
        remains="a web app that does not know its users, or takes their word for who they are",
        test="test_callback.py::test_a_login_is_completed_by_the_user_it_was_begun_for_and_by_no_other",
        defences=(
            Defence(_COMPLETING, "if record.settings.principal != principal:", "if not principal:"),
            Defence(
                _COMPLETING, "if session_key(record.settings) != session_key(self._settings):", "if not callback_url:"
            ),
        ),
    ),
    Threat(
        id="C16",
        attacker="who reads an answer later, or at the same time: in a log, a history, a second tab",
        controls="the answer of a login with a link, brought once more",
        gets="nothing: the first one claims the login, and the code is sent once",
        remains="",
        test="test_callback.py::test_an_answer_that_comes_twice_is_redeemed_once",
        defences=(
            Defence(
                _PENDING,
                "encode_pending(claimed), if_version=version)",
                "encode_pending(claimed))",
            ),
            Defence(_PENDING, "existed = self._store.delete(login_key(login_id))", "existed = True"),
        ),
    ),
    Threat(
        id="C17",
        attacker="who finds an old link or an old answer",
        controls="a login with a link whose time is over",
        gets="nothing: it is void, and its record is deleted when it is met",
        remains="",
        test="test_callback.py::test_a_login_whose_time_is_over_is_void",
        defences=(Defence(_PENDING_RECORD, "return now >= self.ends_at or is_stuck", "return is_stuck"),),
    ),
    Threat(
        id="C18",
        attacker="who reads what a tool answers: a language model, its provider, a trace",
        controls="the short link, to guess from it the state or another login",
        gets="nothing: the id is 192 bits of a digest of the state, and no state follows from it",
        remains="",
        test="test_callback.py::test_the_short_link_says_nothing_of_the_login",
        defences=(
            Defence(_PENDING_CODEC, 'return base64.urlsafe_b64encode(digest[:_BYTES]).decode("ascii")', "return state"),
            Defence(_PENDING_CODEC, "link=settings.start_link(login_id) or url,", "link=url,"),
        ),
    ),
)
