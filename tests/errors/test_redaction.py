# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Leaving secrets out of texts: in every spelling, and nothing but secrets."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.echoes import SPELLINGS, found_in
from tests.requirements import requirement
from valetkey.errors import Refused, quote
from valetkey.errors.redaction import Redaction, redacted, redacting
from valetkey.errors.texts import harmless
from valetkey.values import Secret

SECRETS = [
    pytest.param("G7f-2kLm_9qRs/+tUv wXyZ4~é&<'\"", id="of every kind of character"),
    pytest.param("dGhpcyBpcyBub3QgYSBzZWNyZXQ", id="as base64url"),
    pytest.param("0123456789abcdef0123456789abcdef", id="as hexadecimal digits"),
    pytest.param("correct-horse-battery-staple", id="as words"),
]


@requirement("SEC-12")
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_left_out_in_every_spelling_and_what_is_around_it_stays(secret, spelling):
    """Row I6."""
    text = f"We do not know {SPELLINGS[spelling](secret)}, sorry."
    shown = Redaction([secret]).apply(text, is_quoted=True)
    assert shown.startswith("We do not know ")
    assert "…" in shown
    assert shown.endswith(", sorry.")
    assert found_in(shown, [secret]) == []


@pytest.mark.parametrize("secret", SECRETS)
def test_a_part_from_the_middle_of_a_secret_is_left_out(secret):
    """Row I6."""
    assert Redaction([secret]).apply(f"code={secret[3:24]}&") == "code=…&"


@given(st.text(st.characters(codec="utf-8"), min_size=12, max_size=60), st.text(max_size=40), st.text(max_size=40))
def test_no_text_around_a_secret_keeps_it(secret, before, after):
    """Row I6."""
    assert secret not in Redaction([secret]).apply(f"{before}{secret}{after}", is_quoted=True).replace("…", "\0")


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("client", 'The client is "client".', 'The … is "…".'),
        ("client", "invalid_client: set client_secret and clients", "invalid_client: set client_secret and clients"),
        ("hunter2", "hunter2, HUNTER2, hunter22, a_hunter2", "…, …, hunter22, a_hunter2"),
        ("pass-word9", "xpass-word9x", "x…x"),
        ("ab", "ab is about", "… is about"),
        ("", "nothing", "nothing"),
    ],
)
def test_a_short_secret_is_left_out_as_a_whole_word(secret, text, shown):
    """Row I6."""
    assert Redaction([secret]).apply(text, is_quoted=True) == shown


def test_a_short_word_is_no_secret_in_our_own_texts():
    """Row I6."""
    assert Redaction(["client", "8a"]).apply("Check the client at 8a.") == "Check the client at 8a."
    assert Redaction(["hunter2"]).apply("It is hunter2.") == "It is …."


@pytest.mark.parametrize("code", ["invalid_client", "unauthorized_client", "access_denied"])
def test_an_error_code_is_shown_even_if_a_secret_reads_like_it(code):
    """Row I6."""
    assert Redaction([code, f"{code}_2026"]).apply(code, is_quoted=True) == code


@pytest.mark.parametrize("text", ["https://auth.example.com/token", "The authorization server refused it."])
def test_a_secret_that_holds_a_word_or_a_host_name_hides_neither(text):
    redaction = Redaction(["access-1-of-auth.example.com", "k3y-of-the-authorization-server"])
    assert redaction.apply(text) == text


def test_the_armour_of_a_key_is_no_secret_and_the_key_is():
    key = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49\nAwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----\n"
    text = "It does not begin with -----BEGIN PRIVATE KEY-----: AwEHBG0wawIBAQQg"
    assert Redaction([key]).apply(text) == "It does not begin with -----BEGIN PRIVATE KEY-----: …"


def long_secret(length):
    return "".join(f"{number:x}Zq-" for number in range(length))[:length]


def test_a_long_secret_is_left_out_at_its_beginning_and_at_its_end():
    secret = long_secret(100_000)
    shown = Redaction([secret]).apply(f"a {secret[:250]} b {secret[-250:]} c")
    assert shown == "a … b … c"


@requirement("SEC-12")
@pytest.mark.parametrize("length", [1100, 1500, 4000, 60_000])
def test_nothing_of_a_long_token_is_shown_if_a_server_repeats_it_whole_or_a_part_of_it(length):
    """A JSON Web Token of an organisation has thousands of characters. Row I6."""
    secret = long_secret(length)
    for part in (secret, secret[100:], secret[length // 2 :], secret[length // 3 : -length // 3]):
        with redacting(secret):
            assert redacted(f"It said {part}.") == "It said …."
            assert quote(f"It said {part}") == '"It said \\u2026"'


def test_letters_with_gaps_are_words_unless_they_are_a_long_secret():
    """Row I6."""
    redaction = Redaction(["password", "a1b2c3", "X7-correct horse battery"])
    text = "pass word, a 1 b 2 c 3, correct the horse"
    assert redaction.apply(text, is_quoted=True) == text
    assert redaction.apply("x X7-cor\nrecthorse bat\ntery y", is_quoted=True) == "x … y"


def test_a_login_that_makes_a_proof_for_each_of_its_questions_forgets_the_old_ones_only():
    """Row I6."""
    with redacting():
        client = Secret("the-secret-of-a-client-1")
        for number in range(200):
            client.reveal()
            Secret(f"proof-{number:03}-of-this-key").reveal()
            if number == 100:
                assert redacted("It has proof-100-of-this-key.") == "It has …."
        Secret("the-token-that-came-at-last-1").reveal()
        assert redacted("I gave the-token-that-came-at-last-1.") == "I gave …."
        assert redacted("I know the-secret-of-a-client-1.") == "I know …."
        assert redacted("It has proof-199-of-this-key.") == "It has …."


def test_a_secret_of_thousands_of_lines_is_searched_for_in_no_time():
    """A hostile server may issue one. Row I6."""
    with redacting("\n".join(f"{number:x}" for number in range(20_000))):
        began = time.thread_time()
        for _ in range(20):
            Refused("It said no." * 500, hint="Ask.", description="Because." * 500)
        assert time.thread_time() - began < 2.0


@pytest.mark.parametrize("secret", ["demo", "hunter", "correcthors"])
def test_a_secret_that_is_a_word_is_in_no_description_of_a_server(secret):
    """Row I6."""
    with redacting(secret):
        error = Refused("It said no.", hint="Ask.", error="invalid_client", description=f"The secret {secret} is wrong")
    assert error.description == "The secret … is wrong"


@requirement("SEC-12")
@pytest.mark.parametrize("limit", [20, 30, 40])
def test_a_secret_that_a_cap_would_cut_shows_none_of_its_characters(limit):
    """Row I6."""
    secret = "XY7-first-characters-of-a-secret"
    with redacting():
        Secret(secret).reveal()
        for shown in (quote("It is said that " + secret, limit), harmless("It is said that " + secret, limit)):
            assert "XY" not in shown
        assert quote("It is said that " + secret * 100, limit) == '"It is said that \\u2026"'


def test_what_is_revealed_while_an_attempt_runs_is_left_out_until_it_ends():
    secret = Secret("revealed-in-the-attempt-1")
    secret.reveal()
    with redacting():
        assert redacted("revealed-in-the-attempt-1") == "revealed-in-the-attempt-1"
        secret.reveal()
        with redacting():
            assert redacted("revealed-in-the-attempt-1") == "…"
        error = Refused("It said revealed-in-the-attempt-1.", hint="Ask.", error="REVEALED-IN-THE-ATTEMPT-1")
    assert redacted("revealed-in-the-attempt-1") == "revealed-in-the-attempt-1"
    assert (error.message, error.error) == ("It said ….", "…")


def test_an_attempt_in_another_thread_has_its_own_secrets():
    shown = []
    with redacting():
        Secret("revealed-in-this-thread-1").reveal()
        thread = threading.Thread(target=lambda: shown.append(redacted("revealed-in-this-thread-1")))
        thread.start()
        thread.join()
    assert shown == ["revealed-in-this-thread-1"]


REPETITIONS = [
    "a",
    "%",
    "%41",
    "\\",
    "\\u0041",
    "\\\\u0041",
    "&",
    "&#65;",
    "&amp;",
    "&amp;amp;",
    "XY7-first-cha",
    "\x1b",
]


@requirement("SEC-9")
@pytest.mark.parametrize("piece", REPETITIONS)
def test_a_mebibyte_is_made_harmless_in_no_time(piece):
    """Row I6."""
    text = (piece * (2**20 // len(piece) + 1))[: 2**20]
    with redacting():
        for number in range(100):
            Secret(f"XY7-first-characters-of-{number}" * 100).reveal()
        began = time.thread_time()
        assert len(quote(text)) < 2000
        assert len(harmless(text)) <= 2000
        assert time.thread_time() - began < 1.0


@requirement("SEC-9")
@pytest.mark.parametrize("piece", REPETITIONS)
def test_leaving_out_takes_time_in_proportion_to_the_text(piece):
    """Row I6."""
    redaction = Redaction([f"{'XY7-first-cha' * 300}{number}" for number in range(8)] + ["a" * 4000])

    def seconds(length):
        began = time.thread_time()
        redaction.apply((piece * length)[:length])
        return time.thread_time() - began

    seconds(100)
    assert seconds(80_000) < 20 * max(seconds(10_000), 0.005)
