# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Reading JSON-RPC messages without changing them."""

import json

import pytest

from valetkey._cli.bridge.messages import Unreadable, asked_as, compose, key_of, read


@pytest.mark.parametrize(
    "text",
    [
        '{"jsonrpc":"2.0","id":1,"method":"a","params":{"n":1e400,"big":123456789012345678901234567890,"u":"\\u2028"}}',
        '{"jsonrpc": "2.0", "method": "a", "unknown": null}',
        '{"id":"1","result":{"a":1,"a":2}}',
        '[{"id":1,"method":"a"},{"method":"b"}]',
    ],
)
def test_a_message_passes_as_it_came(text):
    assert read(text).text == text


def test_a_message_that_was_written_over_several_lines_becomes_one_line():
    said = read('{\r\n  "id": 1,\n  "result": {"text": "a\\nb"}\n}\n')
    assert "\n" not in said.text
    assert json.loads(said.text) == {"id": 1, "result": {"text": "a\nb"}}


@pytest.mark.parametrize("text", ["", "x", "17", '"a"', "null", "[]", "[1]", '[{"id":1},2]', "[" * 100_000])
def test_what_is_no_message_is_told_apart(text):
    with pytest.raises(Unreadable):
        read(text)


def test_requests_notifications_and_answers_are_told_apart():
    batch = read(
        '[{"id":1,"method":"a"},{"method":"b"},{"id":1,"result":{}},{"id":null,"error":{}},{"id":"1","method":7}]'
    )
    assert [each.is_request for each in batch.messages] == [True, False, False, False, False]
    assert [each.is_answer for each in batch.messages] == [False, False, True, True, True]
    assert list(batch.requests) == ["1"]
    assert batch.method is None


def test_the_id_1_is_not_the_id_of_that_text():
    assert list(read('[{"id":1,"method":"a"},{"id":"1","method":"a"}]').requests) == ["1", '"1"']


@pytest.mark.parametrize(("methods", "is_repeatable"), [(["tools/list"], True), (["tools/list", "tools/call"], False)])
def test_only_what_changes_nothing_may_be_sent_twice(methods, is_repeatable):
    batch = [{"id": number, "method": method} for number, method in enumerate(methods)]
    assert read(json.dumps(batch)).is_repeatable is is_repeatable


def test_parameters_and_results_that_are_no_objects_are_none():
    assert read('{"method":"a","params":[1]}').messages[0].params == {}
    assert read('{"id":1,"result":[1]}').messages[0].result is None


def test_a_message_of_the_bridges_own_can_be_read():
    assert read(compose(id=1, method="a").text).requests["1"].method == "a"


@pytest.mark.parametrize("number", ["1e400", "NaN", "-Infinity"])
def test_an_id_that_is_no_number_of_json_is_none(number):
    with pytest.raises(Unreadable):
        read(f'{{"jsonrpc": "2.0", "id": {number}, "method": "ping"}}')


def test_a_message_of_the_bridge_is_ascii_so_that_half_a_character_stays_what_it_is():
    asked = read('{"jsonrpc": "2.0", "id": "\\ud800", "method": "ping"}')
    written = compose(id=asked.messages[0].content["id"], result={}).text
    assert written.isascii()
    assert read(written).messages[0].key == asked.messages[0].key


@pytest.mark.parametrize(
    ("key", "waiting", "found"),
    [
        ('"7"', {"7": 1}, "7"),
        ("7", {'"7"': 1}, '"7"'),
        ("7", {"7": 1, '"7"': 2}, "7"),
        ('"a"', {"7": 1}, '"a"'),
        (None, {"null": 1}, None),
    ],
)
def test_an_answer_is_meant_for_the_id_that_was_asked_or_for_the_same_number_as_text(key, waiting, found):
    assert asked_as(key, waiting) == found


def test_a_number_has_one_key_however_it_is_written():
    assert key_of(1.0) == key_of(1) == "1"
    assert key_of(1.5) == "1.5"
