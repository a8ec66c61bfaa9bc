# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What is typed for a tool, read by the tool's own schema."""

import io

import pytest

from valetkey._cli.outcome import CommandFailed, ExitCode
from valetkey._cli.tool_arguments import read_arguments, read_file

TOOL = {
    "name": "search",
    "inputSchema": {
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "count": {"type": "integer"},
            "share": {"type": "number"},
            "deep": {"type": "boolean"},
            "tags": {"type": "array"},
            "filter": {"type": "object"},
            "maybe": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "limit": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "either": {"type": ["integer", "string"]},
            "odd": {"$ref": "#/$defs/Odd"},
            "broken": "x",
        },
    },
}


def read(*texts, documents=(), file=None, tool=TOOL):
    given = None if file is None else read_file(file)
    return read_arguments(tool, texts=texts, documents=documents, file=given)


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("text=5", "5"),
        ("text=", ""),
        ("text=a=b", "a=b"),
        ("count=5", 5),
        ("count=5.0", 5.0),
        ("share=0.5", 0.5),
        ("share=1", 1),
        ("deep=true", True),
        ('tags=["a"]', ["a"]),
        ('filter={"a": 1}', {"a": 1}),
        ("maybe=null", None),
        ("maybe=5", "5"),
        ("maybe=true", "true"),
        ("limit=null", None),
        ("either=5", 5),
        ("either=five", "five"),
        ("odd=5", "5"),
        ("broken=5", "5"),
        ("unknown=5", "5"),
    ],
)
def test_a_value_has_the_type_that_the_tool_wants(typed, value):
    read_value = read(typed)[typed.partition("=")[0]]
    assert read_value == value
    assert type(read_value) is type(value)


@pytest.mark.parametrize("typed", ["count=x", "count=1.5", "count=true", "deep=1", "deep=yes", "tags=a", "limit=x"])
def test_a_value_of_another_type_is_wrong_usage(typed):
    with pytest.raises(CommandFailed) as failed:
        read(typed)
    assert failed.value.code is ExitCode.USAGE
    assert typed in failed.value.message


def test_json_is_taken_as_it_is_and_the_last_word_counts(tmp_path):
    (tmp_path / "a.json").write_text('{"text": "file", "count": 1, "deep": true}')
    arguments = read("text=typed", documents=["count=2", "text=0"], file=str(tmp_path / "a.json"))
    assert arguments == {"text": "typed", "count": 2, "deep": True}


@pytest.mark.parametrize(
    ("texts", "documents", "option"),
    [(["tags=a", "tags=b"], [], "--arg"), ([], ["tags=1", "tags=1"], "--arg-json")],
)
def test_an_argument_that_is_given_twice_is_wrong_usage_and_its_values_are_one_list(texts, documents, option):
    with pytest.raises(CommandFailed) as failed:
        read(*texts, documents=documents)
    assert failed.value.message == f"{option} tags is given more than once."
    assert failed.value.hint == f"Give it once; several values are one JSON list, as in {option} 'tags=[1, 2]'."
    assert read("tags=[1, 2]") == read(documents=["tags=[1, 2]"]) == {"tags": [1, 2]}


def test_a_file_may_be_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO('{"text": "x"}'))
    assert read(file="-") == {"text": "x"}


def test_standard_input_that_is_closed_is_told(monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(CommandFailed, match="it is closed"):
        read(file="-")


@pytest.mark.parametrize("text", ["[1]", "{", "5", ""])
def test_a_file_without_an_object_is_wrong_usage(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(CommandFailed):
        read(file=str(tmp_path / "a.json"))


def test_a_file_that_cannot_be_read_is_wrong_usage(tmp_path):
    (tmp_path / "bytes").write_bytes(b"\xff")
    for name in ("none", "bytes"):
        with pytest.raises(CommandFailed, match="cannot be read"):
            read(file=str(tmp_path / name))


@pytest.mark.parametrize("typed", ["text", "=x", ""])
def test_what_has_no_name_and_value_is_wrong_usage(typed):
    with pytest.raises(CommandFailed, match="no name and value"):
        read(typed)
    with pytest.raises(CommandFailed, match="no name and value"):
        read(documents=[typed])


def test_what_is_no_json_is_wrong_usage():
    with pytest.raises(CommandFailed, match="no JSON"):
        read(documents=["text=x"])


def test_an_argument_that_is_missing_is_named():
    tool = {"name": "add", "inputSchema": {"properties": {"a": {}}, "required": ["a", "b"]}}
    with pytest.raises(CommandFailed, match="requires b") as failed:
        read("a=1", tool=tool)
    assert failed.value.hint == "Give --arg b=VALUE."


@pytest.mark.parametrize(
    "schema", [None, [], {"properties": []}, {"required": "a"}, {"properties": {"a": {"type": 5}}}]
)
def test_a_schema_without_sense_makes_texts(schema):
    assert read("a=1", tool={"name": "odd", "inputSchema": schema}) == {"a": "1"}
