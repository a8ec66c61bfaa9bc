# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Threats L: the command line, its doctor and its bridge."""

from tests.attacks.threat import Defence, Threat

CLI = "src/valetkey/_cli"
TOKEN = f"{CLI}/token.py"
SECRETS = f"{CLI}/secrets.py"
CALL = f"{CLI}/call.py"
TOOLS = f"{CLI}/tools.py"
CONSOLE = f"{CLI}/console.py"
RUNNING = f"{CLI}/running.py"
COMPLETION = f"{CLI}/completion.py"
PAGE = f"{CLI}/doctor/page.py"
BODIES = f"{CLI}/bridge/bodies.py"
FLAGS = f"{CLI}/bridge/flags.py"
SSE = f"{CLI}/bridge/sse.py"
START_LOGIN = f"{CLI}/bridge/start_login.py"
STDIO = f"{CLI}/bridge/stdio.py"
DELIVERY = "src/valetkey/_adapters/delivery.py"
NAMED_FILE = "src/valetkey/events/named_file.py"
NETWORK = "src/valetkey/settings/network.py"
PROTOCOL_TOKEN = "src/valetkey/protocol/token.py"
WIRE = "src/valetkey/wire.py"
FOREIGN = "src/valetkey/migrate/foreign.py"

BYSTANDER = "who sees the screen, or reads its scrollback"
USER = "another user of this computer"
SERVER = "an MCP server"

THREATS: tuple[Threat, ...] = (
    Threat(
        id="L1",
        attacker=BYSTANDER,
        controls="nothing: a person types `valetkey token`",
        gets="no token: a terminal gets it only with `--show`",
        remains="a person who gives `--show`",
        test="test_command_line.py::test_a_terminal_shows_no_token_by_accident",
        defences=(Defence(TOKEN, "    if sys.stdout.isatty() and not show:\n", "    if False:\n"),),
    ),
    Threat(
        id="L2",
        attacker=USER,
        controls="nothing: the list of processes shows the arguments of a command",
        gets="no client secret that Valetkey takes from there: it comes from a variable, a file or a question",
        remains="what a person has typed all the same, until the refusal",
        test="test_command_line.py::test_no_secret_is_taken_from_an_argument_or_repeated",
        defences=(
            Defence(
                SECRETS,
                '    message = "A secret is not given',
                '    return Secret(source)\n    message = "A secret is not given',
            ),
            Defence(SECRETS, 'message = "A secret is not given', 'message = f"{source} is not given'),
        ),
    ),
    Threat(
        id="L3",
        attacker=USER,
        controls="nothing: the list of processes shows the arguments of the login that a bridge starts",
        gets="no header field and no secret: that process reads them from a pipe, and no shell starts it",
        remains="a header field that a person writes into the arguments of the bridge itself",
        test="test_command_line.py::test_the_process_of_a_login_gets_the_flags_where_no_other_user_reads_them",
        defences=(
            Defence(START_LOGIN, "subprocess.Popen(_PROGRAM, ", "subprocess.Popen([*_PROGRAM, self._document], "),
            Defence(START_LOGIN, "stderr=pipe, **flags)", "stderr=pipe, shell=True, **flags)"),
        ),
    ),
    Threat(
        id="L4",
        attacker="who has written the folder in which a desktop client starts the bridge",
        controls="Python files with the names of modules",
        gets="nothing: the process of a login imports nothing from there",
        remains="`python -m valetkey` in such a folder, where Python itself imports from it",
        test="test_command_line.py::test_the_process_of_a_login_runs_no_file_of_the_folder_that_a_client_starts_in",
        defences=(Defence(START_LOGIN, '"-P", ', ""),),
    ),
    Threat(
        id="L5",
        attacker=USER,
        controls="a link in a folder of all users, at the name of a trace or a page",
        gets="no file of the user's is written over",
        remains="",
        test="test_command_line.py::test_no_file_is_written_through_a_link_of_another_user",
        defences=(Defence(NAMED_FILE, "    if found.st_uid != 0:  #", "    if False:  #"),),
    ),
    Threat(
        id="L6",
        attacker=SERVER,
        controls="the answer of a tool, with sequences for a terminal",
        gets="nothing on a terminal",
        remains="a program that reads the output gets the text as it is",
        test="test_command_line.py::test_what_a_tool_answers_moves_no_cursor_of_a_terminal",
        defences=(Defence(CALL, "    return harmless_lines(text)\n", "    return text\n"),),
    ),
    Threat(
        id="L7",
        attacker=SERVER,
        controls="the names, descriptions and arguments of its tools",
        gets="nothing: what moves a cursor or turns a writing direction is escaped, also with `--json`",
        remains="",
        test="test_command_line.py::test_what_a_server_names_moves_no_cursor_and_is_no_markup",
        defences=(
            Defence(TOOLS, "harmless(part) for part in", "part for part in"),
            Defence(TOOLS, "{harmless(line.strip())}", "{line.strip()}"),
            Defence(CONSOLE, '    if document.replace("\\n", "").isprintable():\n', "    if True:\n"),
        ),
    ),
    Threat(
        id="L8",
        attacker=SERVER,
        controls="an error or a page in which it repeats the token of the request",
        gets="no token on a screen, in a log of a build, or in a report",
        remains="what S1 names",
        test="test_command_line.py::test_no_token_that_a_server_repeats_is_printed",
        defences=(Defence(RUNNING, "    with redacting():\n", "    with nullcontext():\n"),),
    ),
    Threat(
        id="L9",
        attacker="an MCP server or authorization server",
        controls="what the doctor quotes on the page that is sent to the server's owner",
        gets="no script, no picture, no style: each text is escaped, and the page's policy forbids to load anything",
        remains="",
        test="test_command_line.py::test_the_page_of_the_doctor_runs_and_loads_nothing_that_a_server_sends",
        defences=(
            Defence(PAGE, "    body = shown(sent.excerpt)\n", "    body = sent.excerpt\n"),
            Defence(PAGE, """\\g<0></span>', shown(text))""", """\\g<0></span>', text)"""),
            Defence(PAGE, "default-src 'none'; style-src 'sha256-{digest}'", "style-src 'sha256-{digest}'"),
        ),
    ),
    Threat(
        id="L10",
        attacker=SERVER,
        controls="a message to the bridge that does not end",
        gets="an error after 64 MiB",
        remains="several times as much memory while such a message is read",
        test="test_command_line.py::test_a_message_without_end_fills_no_memory_of_a_bridge",
        defences=(
            Defence(BODIES, "        if size > LONGEST:\n", "        if False:\n"),
            Defence(BODIES, "max_event_size=LONGEST", "max_event_size=None"),
        ),
    ),
    Threat(
        id="L11",
        attacker=SERVER,
        controls="messages without number, for a client that does not read them",
        gets="8 MiB that wait in the bridge; then the server waits",
        remains="the client is trusted: the bridge reads whatever line it writes",
        test="test_command_line.py::test_messages_without_end_wait_at_the_server_while_a_client_does_not_read",
        defences=(
            Defence(
                STDIO, "        while self._size > _MOST_WAITING and not self.is_broken:\n", "        while False:\n"
            ),
        ),
    ),
    Threat(
        id="L12",
        attacker=SERVER,
        controls="the ids of its MCP session and of its events, which the bridge sends back",
        gets="no control character in a header field: an id that none may have is not sent",
        remains="",
        test="test_command_line.py::test_an_id_that_a_server_names_adds_no_header_field",
        defences=(
            Defence(BODIES, "    if session and not FIELD_VALUE.fullmatch(session):\n", "    if False:\n"),
            Defence(BODIES, 'event.id if FIELD_VALUE.fullmatch(event.id) else ""', "event.id"),
        ),
    ),
    Threat(
        id="L13",
        attacker=SERVER,
        controls="a redirect, or the address that an SSE stream names",
        gets="no message, no header field and no token at another origin, such as one inside the user's network",
        remains="another path of its own origin",
        test="test_command_line.py::test_a_message_goes_to_no_other_origin_than_the_one_that_the_user_named",
        defences=(
            Defence(DELIVERY, "    return keeps_method and is_near and", "    return keeps_method and"),
            Defence(SSE, "        if not urls.same_origin(address, self._url):\n", "        if False:\n"),
        ),
    ),
    Threat(
        id="L14",
        attacker="an authorization server",
        controls="the requests of the login, for a bridge that has header fields for the MCP server",
        gets="no credential, and those of an access gateway only at the MCP server's own origin",
        remains="",
        test="test_command_line.py::test_a_credential_in_a_header_goes_with_no_request_of_the_login",
        defences=(Defence(NETWORK, '"accept-encoding", "authorization", ', '"accept-encoding", '),),
    ),
    Threat(
        id="L15",
        attacker="who can set a variable of the environment that a header field names",
        controls="line breaks in its value",
        gets="no further header field",
        remains="the value of the field that the user gives away",
        test="test_command_line.py::test_a_variable_adds_no_header_field",
        defences=(Defence(FLAGS, "        if not FIELD_VALUE.fullmatch(expanded):\n", "        if False:\n"),),
    ),
    Threat(
        id="L16",
        attacker="who reads the network",
        controls="nothing: a configuration has a URL without TLS",
        gets="no token: such a URL is refused, unless it is on this computer or `--allow-http` is given",
        remains="a user who gives `--allow-http`",
        test="test_command_line.py::test_a_token_goes_over_no_open_line_unless_the_user_says_so",
        defences=(Defence(FLAGS, " and not flags.allow_http:\n", " and flags.allow_http:\n"),),
    ),
    Threat(
        id="L17",
        attacker="who gives a user the URL of an MCP server, or can write the store",
        controls="words of a shell in the URL, or in the name of an account",
        gets="no command: the completion offers only what a shell takes as it is",
        remains="what a person pastes into a shell without quotes",
        test="test_command_line.py::test_what_is_completed_has_no_meaning_for_a_shell",
        defences=(
            Defence(COMPLETION, "    return _PLAIN.fullmatch(text) is not None\n", "    return text.isprintable()\n"),
            Defence(COMPLETION, "is not None and _is_plain(url)}", "is not None}"),
        ),
    ),
    Threat(
        id="L18",
        attacker="who can write the folder of another program",
        controls="the file with the session that is taken over: deep, endless, or with what moves a cursor",
        gets="an error, and no session",
        remains="a session of the attacker's own, if the file is a good one",
        test="test_command_line.py::test_a_file_of_another_program_that_is_none_makes_no_session",
        defences=(
            Defence(WIRE, "    except RecursionError:\n", "    except IndexError:\n"),
            Defence(
                PROTOCOL_TOKEN, "access_token is None or not wire.fits_header(access_token)", "access_token is None"
            ),
            Defence(FOREIGN, "    if document is None:\n", "    if False:\n"),
        ),
    ),
)
