# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Threats S: secrets in what is shown, logged, stored or handed to another program."""

from tests.attacks.threat import Defence, Threat

REDACTION = "src/valetkey/errors/redaction.py"
TEXTS = "src/valetkey/errors/texts.py"
COPIES = "src/valetkey/errors/copies.py"
SINGLE_FLIGHT = "src/valetkey/_engine/single_flight.py"
VALUES = "src/valetkey/values.py"
FAILURES = "src/valetkey/_adapters/failures.py"
CONFIG = "src/haystack_integrations/tools/mcp_oauth/config.py"
UPSTREAM_CONFIG = "src/haystack_integrations/tools/mcp_oauth/upstream_config.py"

NOT_LEARNED = Defence(REDACTION, "        if not secret:\n", "        if secret:\n")

THREATS: tuple[Threat, ...] = (
    Threat(
        id="S1",
        attacker="a token endpoint, or who reads the log that a user posts",
        controls="the answer: code, verifier and client secret in any spelling, also with gaps, at any status",
        gets="nothing: what is quoted is searched for each secret of the attempt, also within escapes and base64",
        remains="fewer than 12 characters of a secret, or a spelling that no encoding of the web leads to",
        test="test_secrets.py::test_a_token_endpoint_that_repeats_what_it_was_sent_gets_it_into_no_text",
        defences=(
            NOT_LEARNED,
            Defence(REDACTION, "        spelling = spelling.decoded()\n", "        spelling = None\n"),
            Defence(REDACTION, "            yield encoded[(before * 8 + 5) // 6 : whole]\n", "            pass\n"),
            Defence(REDACTION, '    yield plain.encode("latin-1").hex()\n', ""),
            Defence(REDACTION, "            if joined is not None:\n", "            if False:\n"),
            Defence(REDACTION, "list(map(_bytes_of, plain))", "list(map(_bytes_of, text))"),
            Defence(SINGLE_FLIGHT, "with redacting(), telling_of(source):\n", "with telling_of(source):\n"),
            Defence(VALUES, "        revealed(self._text)\n", ""),
        ),
    ),
    Threat(
        id="S2",
        attacker="a token endpoint",
        controls="every member and every header field of its answer",
        gets="nothing: every text of an error and every quotation goes through the same search",
        remains="",
        test="test_secrets.py::test_no_place_of_an_answer_gets_a_secret_into_a_text",
        defences=(NOT_LEARNED,),
    ),
    Threat(
        id="S3",
        attacker="a token endpoint",
        controls="the refusal of a renewal, with the refresh token in it",
        gets="nothing in a text",
        remains="",
        test="test_secrets.py::test_a_renewal_that_is_refused_repeats_no_refresh_token",
        defences=(NOT_LEARNED,),
    ),
    Threat(
        id="S4",
        attacker="an authorization server",
        controls="the answer at the redirect address, with the state in its error",
        gets="nothing in a text",
        remains="",
        test="test_secrets.py::test_an_answer_to_a_login_that_repeats_its_state_shows_it_in_no_text",
        defences=(NOT_LEARNED,),
    ),
    Threat(
        id="S5",
        attacker="a registration or device endpoint",
        controls="its refusal, with the initial access token or the client secret in it",
        gets="nothing in a text",
        remains="",
        test="test_secrets.py::test_no_other_endpoint_gets_a_secret_into_a_text",
        defences=(Defence(VALUES, "        revealed(self._text)\n", ""),),
    ),
    Threat(
        id="S6",
        attacker="no one: a client secret that reads like an error code",
        controls="the text of the secret",
        gets="no other decision: error codes are compared as they came",
        remains="a registered error code is shown even if it is a secret",
        test="test_secrets.py::test_a_secret_that_reads_like_an_error_code_changes_no_decision",
        defences=(Defence(REDACTION, " or text in _CODES:", ":"),),
    ),
    Threat(
        id="S7",
        attacker="an authorization server",
        controls="the issuer that its metadata names: terminal sequences, writing directions, thousands of characters",
        gets="nothing: each text of an error is escaped and cut when it is set, also in its attributes",
        remains="an attribute is not the server's text byte for byte then",
        test="test_secrets.py::test_the_name_of_an_issuer_moves_no_cursor_and_fills_no_log",
        defences=(
            Defence(
                COPIES, "value if name in _SET_WHOLE else harmless_value(value, is_quoted=name == _QUOTED)", "value"
            ),
            Defence(TEXTS, "    if not string.isprintable():\n", "    if False:\n"),
        ),
    ),
    Threat(
        id="S8",
        attacker="any server",
        controls="a malformed answer that the HTTP library quotes in its own error",
        gets="nothing: the errors behind ours are made harmless too",
        remains="local variables, where a program prints those of a traceback",
        test="test_secrets.py::test_the_words_of_a_library_behind_an_error_repeat_no_secret",
        defences=(Defence(SINGLE_FLIGHT, "        make_causes_harmless(error)\n", ""),),
    ),
    Threat(
        id="S9",
        attacker="any server",
        controls="how much text stands before a secret that it repeats",
        gets="no beginning of the secret: it is left out before the text is cut",
        remains="",
        test="test_secrets.py::test_a_cap_leaves_no_beginning_of_a_secret",
        defences=(
            Defence(
                TEXTS,
                "    string = redacted(string[: limit + SPACE_FOR_SECRETS], is_quoted=True)\n",
                "    string = redacted(string[:limit], is_quoted=True)\n",
            ),
        ),
    ),
    Threat(
        id="S10",
        attacker="an MCP server",
        controls="the challenge of a second rejection, with the new token in it",
        gets="nothing in the log",
        remains="",
        test="test_secrets.py::test_an_mcp_server_that_rejects_a_new_token_cannot_log_it",
        defences=(
            Defence(
                "src/valetkey/_adapters/second_rejection.py",
                "    with redacting(*(() if token is None else (token.access_token.reveal(),))):\n",
                "    with redacting():\n",
            ),
        ),
    ),
    Threat(
        id="S11",
        attacker="an MCP server",
        controls="the reason phrase and the redirect of an HTTP error, with the token in them",
        gets="nothing in a text",
        remains="the JSON-RPC error of a call is the server's own word to the caller",
        test="test_secrets.py::test_an_http_error_of_an_mcp_server_shows_no_token_that_it_repeats",
        defences=(
            Defence(
                FAILURES, '    return [field.rpartition(" ")[2] for field in fields if field]\n', "    return []\n"
            ),
        ),
    ),
    Threat(
        id="S12",
        attacker="who reads an error or a log",
        controls="nothing",
        gets="no password of a store, also where its URL is misspelled",
        remains="",
        test="test_secrets.py::test_a_password_in_the_name_of_a_store_is_in_no_text",
        defences=(
            Defence(
                "src/valetkey/store/opening.py",
                "            with redacting(*passwords_in(given)):\n",
                "            if True:\n",
            ),
        ),
    ),
    Threat(
        id="S13",
        attacker="who reads a YAML file or the representation of a configuration",
        controls="nothing",
        gets="no password of a store: it is not written, and the error names the variable to use",
        remains="",
        test="test_secrets.py::test_a_password_of_a_store_is_written_into_no_yaml_and_no_representation",
        defences=(
            Defence(CONFIG, "        if isinstance(self.token_storage, str) and passwords_in(", "        if not str("),
            Defence(
                UPSTREAM_CONFIG, "field(default=None, repr=False)  # its URL may", "field(default=None)  # its URL may"
            ),
        ),
    ),
    Threat(
        id="S14",
        attacker="who reads a representation or a pickle",
        controls="nothing",
        gets="no secret",
        remains="",
        test="test_secrets.py::test_a_secret_shows_in_no_representation_and_in_no_pickle",
        defences=(
            Defence(VALUES, '        return "Secret(…)"\n', "        return self._text\n"),
            Defence(VALUES, "        raise TypeError(message)\n", "        return Secret, (self._text,)\n"),
        ),
    ),
    Threat(
        id="S15",
        attacker="who reads the log of requests",
        controls="the URLs that metadata names",
        gets="neither user information nor query, and no secret in a path",
        remains="",
        test="test_secrets.py::test_the_log_of_requests_has_neither_user_nor_query_nor_what_a_server_repeats_in_a_path",
        defences=(
            Defence("src/valetkey/_network/request_log.py", '.rpartition("@")[2]', ""),
            Defence("src/valetkey/_network/request_log.py", 'query="", ', ""),
            NOT_LEARNED,
        ),
    ),
    Threat(
        id="S16",
        attacker="any server",
        controls="megabytes of escapes in an error",
        gets="no time: a text is cut before it is searched",
        remains="",
        test="test_secrets.py::test_an_error_of_megabytes_takes_no_time",
        defences=(
            Defence(
                TEXTS,
                "    string = redacted(string[: limit + SPACE_FOR_SECRETS], is_quoted=True)\n",
                "    string = redacted(string, is_quoted=True)\n",
            ),
            Defence(
                TEXTS,
                "    string = redacted(text[: limit + SPACE_FOR_SECRETS], is_quoted=is_quoted)\n",
                "    string = redacted(text)\n",
            ),
        ),
    ),
    Threat(
        id="S17",
        attacker="an authorization server",
        controls="metadata that is read again in an attempt, with what was sent in it before",
        gets="nothing in a text: secrets are remembered for the whole attempt",
        remains="",
        test="test_secrets.py::test_a_document_that_repeats_a_secret_of_the_same_attempt_shows_it_in_no_text",
        defences=(NOT_LEARNED,),
    ),
    Threat(
        id="S18",
        attacker="who reads the log of a program with a user interface of its own",
        controls="nothing; the program logs the prompts that it shows",
        gets="neither the state of a login nor the code of a device",
        remains="a program that logs the link itself",
        test="test_secrets.py::test_a_prompt_shows_neither_the_link_nor_the_code_in_its_representation",
        defences=(
            Defence("src/valetkey/seams.py", "authorization_url: str = field(repr=False)", "authorization_url: str"),
            Defence(
                "src/valetkey/seams.py",
                "user_code: str | None = field(default=None, repr=False)",
                "user_code: str | None = None",
            ),
        ),
    ),
    Threat(
        id="S19",
        attacker="the proxy that the environment or the user names",
        controls="its answer, with the password that it was sent",
        gets="nothing in a text",
        remains="what httpcore logs at DEBUG of an answer's status line and header fields",
        test="test_secrets.py::test_a_proxy_that_repeats_its_password_gets_it_into_no_text",
        defences=(Defence("src/valetkey/_network/proxies.py", "        revealed(password)\n", "        pass\n"),),
    ),
    Threat(
        id="S20",
        attacker="who reads a pickle of a program's objects",
        controls="nothing",
        gets="no key of a store",
        remains="",
        test="test_secrets.py::test_the_key_of_a_store_is_in_no_pickle",
        defences=(
            Defence(
                "src/valetkey/store/encryption/keys.py",
                "        raise TypeError(message)\n",
                "        return type(self), (self.material, self.source)\n",
            ),
        ),
    ),
    Threat(
        id="S21",
        attacker="who reads the report of an error with the attributes of all errors behind it",
        controls="nothing",
        gets="no password of a PostgreSQL server",
        remains="local variables, where a program prints those of a traceback",
        test="test_secrets.py::test_an_error_of_a_store_on_a_server_leads_to_no_password",
        defences=(
            Defence("src/valetkey/store/backends/postgres.py", "            error._pgconn = None  #", "            #"),
        ),
    ),
    Threat(
        id="S22",
        attacker="who reads a YAML file or the attributes of a configuration",
        controls="nothing",
        gets="no password of a store that is given as a reference",
        remains="a password that the program itself writes into `token_storage`, in the attributes alone",
        test="test_secrets.py::test_the_url_of_a_store_is_a_reference_in_yaml_and_in_the_attributes",
        defences=(
            Defence(CONFIG, '    "token_storage": read_secret,\n', ""),
            Defence(
                UPSTREAM_CONFIG,
                "    token_storage: Secret | str | None = field(default",
                "    token_storage: str | None = field(default",
            ),
            Defence(CONFIG, ".reveal() if isinstance(named, Secret) else named", " if not named else named"),
        ),
    ),
    Threat(
        id="S23",
        attacker="who reads an error or a log",
        controls="nothing; the user has left a character of a store's password without percent-encoding",
        gets="no part of the password, which is read as a host or a port",
        remains="",
        test="test_secrets.py::test_a_password_of_a_store_that_is_not_percent_encoded_is_in_no_text",
        defences=(
            Defence("src/valetkey/store/backends/postgres_connections.py", "            _require_place(given)\n", ""),
            Defence(
                "src/valetkey/store/opening.py",
                "        make_causes_harmless(error)  #",
                "        #",
            ),
            Defence(
                "src/valetkey/store/passwords.py",
                '    if not user and "@" in query:',
                "    if False:",
            ),
        ),
    ),
    Threat(
        id="S24",
        attacker="an MCP server",
        controls="the scope that it wants when it rejects a new token, with the token in it",
        gets="nothing in a text",
        remains="",
        test="test_secrets.py::test_an_mcp_server_that_wants_the_new_token_as_a_scope_gets_it_into_no_text",
        defences=(
            Defence(
                "src/valetkey/_adapters/second_rejection.py",
                "        with redacting(*credentials):\n",
                "        with redacting():\n",
            ),
        ),
    ),
    Threat(
        id="S25",
        attacker="an MCP server",
        controls="the scope that it wants, with a token in it that another program has renewed",
        gets="nothing in a text: the rejected token is a secret of the attempt too",
        remains="",
        test="test_secrets.py::test_an_mcp_server_that_wants_an_old_token_as_a_scope_gets_it_into_no_text",
        defences=(
            Defence("src/valetkey/_engine/attempts.py", '        revealed(need.rejected or "")', "        pass"),
        ),
    ),
    Threat(
        id="S26",
        attacker="an MCP server",
        controls="where a call is redirected to on its origin, with the token in the path",
        gets="nothing in the log of requests",
        remains="the log of the HTTP library",
        test="test_secrets.py::test_an_mcp_server_that_redirects_to_the_token_gets_it_into_no_log",
        defences=(
            Defence(
                "src/valetkey/_network/request_log.py",
                "    with redacting(*credentials):\n",
                "    with redacting():\n",
            ),
        ),
    ),
)
