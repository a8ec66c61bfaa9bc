# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Threats P: texts and documents from servers that no parser expects."""

from tests.attacks.threat import Defence, Threat

URLS = "src/valetkey/urls.py"
WIRE = "src/valetkey/wire.py"
CHALLENGE = "src/valetkey/protocol/challenge.py"
TOKEN = "src/valetkey/protocol/token.py"
ERROR = "src/valetkey/protocol/error_response.py"
DEVICE = "src/valetkey/protocol/device.py"
WORDS = "src/valetkey/protocol/server_words.py"

ANY_SERVER = "a hostile MCP server or authorization server"
AUTHORIZATION_SERVER = "a hostile authorization server"

THREATS: tuple[Threat, ...] = (
    Threat(
        id="P1",
        attacker=ANY_SERVER,
        controls="a URL of a mebibyte, made to be read slowly",
        gets="nothing: no URL of more than 8 KiB is read, and each is read in proportion to its length",
        remains="",
        test="test_parsers.py::test_no_url_of_a_mebibyte_is_read",
        defences=(
            Defence(URLS, "    if len(url) > LONGEST_URL:\n        return f", "    if False:\n        return f"),
            Defence(URLS, "    if len(url) > LONGEST_URL:\n        message =", "    if False:\n        message ="),
            Defence(URLS, "or len(reference) > LONGEST_URL or", "or"),
        ),
    ),
    Threat(
        id="P2",
        attacker=ANY_SERVER,
        controls="a document of lists in lists, as deep as an answer may be long",
        gets="nothing: it counts as no document, also where the interpreter would take it",
        remains="",
        test="test_parsers.py::test_a_deep_document_ends_no_thread_with_an_unforeseen_error",
        defences=(
            Defence(WIRE, "    except RecursionError:\n", "    except ZeroDivisionError:\n"),
            Defence(WIRE, "    _require_flat(document)\n    return document", "    return document"),
        ),
    ),
    Threat(
        id="P3",
        attacker=AUTHORIZATION_SERVER,
        controls="a token with a line break, for a header field of its own in our requests",
        gets="nothing: only visible ASCII is a token",
        remains="",
        test="test_parsers.py::test_no_token_breaks_out_of_its_header_field",
        defences=(
            Defence(TOKEN, "not wire.fits_header(access_token)", "not access_token"),
            Defence(TOKEN, "value is not None and wire.fits_header(value)", "value is not None"),
        ),
    ),
    Threat(
        id="P4",
        attacker=AUTHORIZATION_SERVER,
        controls="a token answer with a member that no request and no record can hold",
        gets="nothing: the member counts as absent, and the issued token is kept",
        remains="",
        test="test_parsers.py::test_an_issued_token_is_not_lost_for_what_stands_beside_it",
        defences=(
            Defence(
                WIRE,
                "for token in scope_from_text(text) or () if token.isprintable())",
                "for token in scope_from_text(text) or ())",
            ),
            Defence(
                TOKEN,
                'wire.optional_text(parameters, "refresh_token")',
                'wire.text_member(parameters, "refresh_token", response.url)',
            ),
            Defence(WIRE, "    return value.isascii() or not _HALF_A_PAIR.search(value)", "    return True"),
        ),
    ),
    Threat(
        id="P5",
        attacker=AUTHORIZATION_SERVER,
        controls="the number of seconds that a token lives: not a number, infinite, longer than any number",
        gets="a token without an end, or with one in ten years",
        remains="a token that is asked for again each second",
        test="test_parsers.py::test_no_number_stops_the_clock",
        defences=(
            Defence(TOKEN, "if math.isfinite(seconds) and seconds > 0 else None", "if True else None"),
            Defence(TOKEN, "return min(seconds, _LONGEST_LIFE) if", "return seconds if"),
            Defence(TOKEN, "    except (ValueError, OverflowError):", "    except ZeroDivisionError:"),
        ),
    ),
    Threat(
        id="P6",
        attacker=ANY_SERVER,
        controls="how long we are asked to wait: a year, a date far away, thousands of digits",
        gets="a wait of a year at most, which a login by name passes",
        remains="",
        test="test_parsers.py::test_no_server_makes_us_wait_for_ever",
        defences=(
            Defence(ERROR, "        return min(float(value), _LONGEST_WAIT)", "        return float(value)"),
            Defence(ERROR, "else min(max(0.0, moment - now), _LONGEST_WAIT)", "else max(0.0, moment - now)"),
        ),
    ),
    Threat(
        id="P7",
        attacker="a hostile MCP server",
        controls="thousands of challenges and parameters in one 401",
        gets="64 challenges with 64 parameters each, of 64 KiB that are read",
        remains="",
        test="test_parsers.py::test_thousands_of_challenges_are_read_as_far_as_honest_ones_go",
        defences=(
            Defence(CHALLENGE, "if len(self._drafts) == _MOST_CHALLENGES:", "if False:"),
            Defence(CHALLENGE, " or len(self._drafts[-1].parameters) == _MOST_PARAMETERS", ""),
            Defence(CHALLENGE, "read = text[: min(_LONGEST_FIELD, left)]", "read = text[:_LONGEST_FIELD]"),
            Defence(CHALLENGE, "read = text[: min(_LONGEST_FIELD, left)]", "read = text[:left]"),
        ),
    ),
    Threat(
        id="P8",
        attacker=AUTHORIZATION_SERVER,
        controls="the code that a person types, and the page to type it at",
        gets="no text that moves the cursor of the terminal, hides the link, or is too long to be seen whole",
        remains="",
        test="test_parsers.py::test_a_code_to_type_moves_no_cursor_and_hides_no_link",
        defences=(
            Defence(DEVICE, " or not user_code.isprintable():", ":"),
            Defence(DEVICE, "if len(user_code) > _LONGEST_CODE or", "if"),
            Defence(DEVICE, "    if len(page) > _LONGEST_URL:", "    if False:"),
        ),
    ),
    Threat(
        id="P9",
        attacker=ANY_SERVER,
        controls="the reason of a refusal: a mebibyte of it, in any form of JSON",
        gets="some hundred characters in an error",
        remains="",
        test="test_parsers.py::test_a_reason_of_a_mebibyte_is_not_kept_in_an_error",
        defences=(
            Defence(ERROR, "return text[:LONGEST_WORDS].encode", "return text.encode"),
            Defence(
                WORDS,
                '    return known[: 4 * QUOTE_LIMIT].strip().partition("\\n")[0].strip()[: 2 * QUOTE_LIMIT]',
                "    return text",
            ),
            Defence(ERROR, " or len(response.body) > _LARGEST_FORM", ""),
        ),
    ),
    Threat(
        id="P10",
        attacker="a hostile MCP server",
        controls="the number of scopes that it publishes, and their characters",
        gets="a login that asks for 8 KiB of them at most, none of which a log or terminal would act on",
        remains="a scope that means more than the person thinks",
        test="test_parsers.py::test_a_published_scope_fits_into_a_link",
        defences=(
            Defence(WIRE, "    if len(text) > LONGEST_SCOPE:", "    if False:"),
            Defence(
                WIRE,
                "for token in scope_from_text(text) or () if token.isprintable())",
                "for token in scope_from_text(text) or ())",
            ),
        ),
    ),
    Threat(
        id="P11",
        attacker=ANY_SERVER,
        controls="a nonce for proofs that breaks out of its JSON or has no end",
        gets="nothing: a nonce has the characters of RFC 9449 §8.1, and 2,048 of them at most",
        remains="",
        test="test_parsers.py::test_a_nonce_is_one_or_none",
        defences=(
            Defence(
                "src/valetkey/protocol/dpop.py", "value is not None and _NONCE.fullmatch(value)", "value is not None"
            ),
            Defence("src/valetkey/protocol/dpop.py", "{1,2048}", "+"),
        ),
    ),
    Threat(
        id="P12",
        attacker="a page or program that sends an answer of a login",
        controls="a query of thousands of parameters, of repeated ones, or without end",
        gets="nothing: an answer of more than 100 parameters or 64 KiB, or with one twice, proves nothing",
        remains="",
        test="test_parsers.py::test_an_answer_with_repeated_parameters_is_none",
        defences=(
            Defence("src/valetkey/protocol/authorization.py", ", max_num_fields=100)", ")"),
            Defence("src/valetkey/protocol/authorization.py", "if len(parameters) != len(pairs):", "if False:"),
            Defence("src/valetkey/protocol/authorization.py", "if len(callback_url) > _LONGEST_ANSWER:", "if False:"),
        ),
    ),
)
