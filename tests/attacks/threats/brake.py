# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Threats B: a server that rejects or refuses whatever it is given, without end."""

from tests.attacks.threat import Defence, Threat

BRAKE = "src/valetkey/_policy/brake.py"
BRAKES = "src/valetkey/_sessions/brakes.py"
BRAKING = "src/valetkey/_engine/braking.py"
DECISION = "src/valetkey/_engine/decision.py"
STEPS = "src/valetkey/_adapters/steps.py"
VERDICT = "src/valetkey/_policy/verdict.py"

SERVER = "a hostile or broken MCP server"
ISSUER = "a hostile or broken authorization server"

THREATS: tuple[Threat, ...] = (
    Threat(
        id="B1",
        attacker=SERVER,
        controls="rejects every token, and has every renewal refused",
        gets="three tabs, registrations and token requests in a minute, then one in 1, 2, 4 minutes up to an hour",
        remains="about thirty tabs in a day of calls",
        test="test_brake.py::test_a_server_that_rejects_and_refuses_everything_gets_three_acts_in_a_minute",
        defences=(
            Defence(
                DECISION,
                "return not situation.need.explicit and rest_of(situation.brake, planned_act(situation)) is not None",
                "return False",
            ),
            Defence(BRAKE, "    if brake.acts < MOST_ACTS:\n", "    if brake.acts < 50:\n"),
        ),
    ),
    Threat(
        id="B2",
        attacker=SERVER,
        controls="wants another scope with each call",
        gets="three tabs in a row, which an honest server may need too",
        remains="",
        test="test_brake.py::test_a_server_that_wants_another_scope_each_time_gets_three_tabs",
        defences=(Defence(BRAKE, "acts=counted(brake.acts, acts), since=since,", "since=since,"),),
    ),
    Threat(
        id="B3",
        attacker=ISSUER,
        controls="declines each login at once, before the person has seen anything",
        gets="one tab in ten minutes",
        remains="",
        test="test_brake.py::test_a_login_that_is_declined_at_once_opens_one_tab",
        defences=(
            Defence(
                BRAKING,
                "return declined(brake, need.more_scope, now) if ended.failure is Failure.DECLINED else brake",
                "return brake",
            ),
        ),
    ),
    Threat(
        id="B4",
        attacker=ISSUER,
        controls="accepts registrations and refuses each client that it has registered",
        gets="three registrations and two tabs, then as B1",
        remains="",
        test="test_brake.py::test_a_server_that_refuses_the_clients_it_registers_gets_three_registrations",
        defences=(
            Defence(
                BRAKING,
                "if request.purpose == REGISTERING and made.logins and made.requests[request.url] >= MOST_ACTS:",
                "if request.purpose == made:",
            ),
        ),
    ),
    Threat(
        id="B5",
        attacker=SERVER,
        controls="rejects every token, and is called once a minute for a day",
        gets="a pause that doubles up to an hour",
        remains="one tab in an hour",
        test="test_brake.py::test_calls_a_minute_apart_are_not_free_for_ever",
        defences=(
            Defence(BRAKE, "return min(first * 2.0 ** min(times, 20), LONGEST_SECONDS)", "return first + times * 0"),
        ),
    ),
    Threat(
        id="B6",
        attacker=SERVER,
        controls="makes each program end in its login, which a supervisor starts anew",
        gets="three tabs: a login counts when it begins, and in every program that shares the store",
        remains="programs with a store in memory count for themselves",
        test="test_brake.py::test_programs_that_are_killed_in_their_login_have_been_counted",
        defences=(
            Defence(BRAKING, "        self._brakes.change(lambda _: brake)\n", "        assert brake\n"),
            Defence(BRAKING, "        self.brake = self._brakes.read()\n", ""),
        ),
    ),
    Threat(
        id="B7",
        attacker=SERVER,
        controls="has each renewal succeed, or each machine's token issued, and rejects what was issued",
        gets="three token requests in a minute",
        remains="",
        test="test_brake.py::test_tokens_without_end_are_not_asked_for_where_each_is_rejected",
        defences=(
            Defence(
                VERDICT,
                'VerdictRow("it is rejected", lambda _, fate: fate.is_rejected, Verdict.VAIN)',
                'VerdictRow("it is rejected", lambda _, fate: fate.is_rejected, Verdict.UNKNOWN)',
            ),
        ),
    ),
    Threat(
        id="B8",
        attacker=SERVER,
        controls="accepts each token for one kind of call, for hours, and rejects it for another",
        gets="nothing more than B5: a token that was rejected when it was new never counts as a success",
        remains="a server that accepts each token for four minutes gets a tab in four minutes, as one whose tokens are short",
        test="test_brake.py::test_a_token_that_is_accepted_for_other_calls_alone_is_no_success",
        defences=(Defence(STEPS, "                engine.acceptance.reject(token)\n", "                pass\n"),),
    ),
    Threat(
        id="B9",
        attacker=SERVER,
        controls="repeats the token in the challenge that rejects it",
        gets="no token in the record, or in an error, of what went wrong",
        remains="",
        test="test_brake.py::test_a_token_that_a_challenge_repeats_does_not_come_into_the_record",
        defences=(
            Defence(
                BRAKING,
                'return " ".join(quote(text) for text in texts if text)[:LONGEST_WORDS]',
                'return " ".join(text for text in texts if text)[:LONGEST_WORDS]',
            ),
        ),
    ),
    Threat(
        id="B10",
        attacker=ISSUER,
        controls="answers each renewal with a web page, where no person may be asked",
        gets="three token requests in a minute",
        remains="",
        test="test_brake.py::test_a_renewal_that_is_refused_is_not_sent_with_every_call",
        defences=(Defence(BRAKING, "            elif made.acts:\n", "            elif made.acts < 0:\n"),),
    ),
    Threat(
        id="B11",
        attacker="a program that can write the store",
        controls="the record of the brake",
        gets="no lock-out: a time in the far future and a record that cannot be read hold nothing back",
        remains="who can write the store can delete the session too",
        test="test_brake.py::test_a_made_up_record_locks_nobody_out",
        defences=(
            Defence(BRAKE, "return 0.0 if since > now + CLOCK_SECONDS else since + seconds", "return since + seconds"),
            Defence(
                BRAKES, "except (KeyError, TypeError, ValueError, OverflowError):", "except (KeyError, TypeError):"
            ),
        ),
    ),
    Threat(
        id="B12",
        attacker=SERVER,
        controls="serves one call for each login, and wants another scope for the next one",
        gets="eight step-ups that each were of use, and then as B2",
        remains="a person agrees to each of them",
        test="test_brake.py::test_a_server_that_serves_one_call_for_each_login_is_held_back",
        defences=(Defence(VERDICT, " and brake.widened < MOST_WIDENED", ""),),
    ),
    Threat(
        id="B13",
        attacker=SERVER,
        controls="accepts each new token once, and rejects it with the next call",
        gets="three renewals in a minute",
        remains="one renewal in 20 seconds, where it accepts each token so long",
        test="test_brake.py::test_a_token_that_is_accepted_once_is_no_success",
        defences=(Defence(VERDICT, "return age >= min(BRIEF_SECONDS, life / 2)", "return age >= min(0.0, life / 2)"),),
    ),
    Threat(
        id="B14",
        attacker=SERVER,
        controls="names another scope in each rejection, where `approve_scope` declines",
        gets="a record of 16 scopes, and no longer one",
        remains="",
        test="test_brake.py::test_scopes_that_are_declined_without_end_make_no_record_without_end",
        defences=(Defence(BRAKE, "[-MOST_DECLINED:]", ""),),
    ),
)
