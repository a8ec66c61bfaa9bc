# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A trace is a file of lines of JSON that can be shown to others. `tests/secrecy` looks for secrets in whole lives."""

import json
import os
import stat
from datetime import datetime
from io import FileIO

import pytest

from tests.fakes.world import World
from valetkey.errors import ConfigurationError
from valetkey.events import Message, flush, listening, trace_to


def lines_of(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_each_event_is_a_line_and_the_first_line_says_where_it_was_made(tmp_path):
    path = tmp_path / "trace.jsonl"
    with trace_to(path):
        World().engine().replace(None)
    first, *events = lines_of(path)
    assert first.keys() == {"trace", "version", "python", "platform", "time"}
    assert [event["event"] for event in events][:2] == ["AttemptStarted", "LoginStarted"]
    assert {event["server"] for event in events} == {"https://mcp.example.com/mcp"}
    (asked,) = (event for event in events if event["event"] == "RequestSent")
    assert asked["request"]["members"]["state"] == "…"


def test_only_its_owner_may_read_it_also_where_a_file_was(tmp_path):
    path = tmp_path / "trace.jsonl"
    path.write_text("something old")
    path.chmod(0o644)
    with trace_to(str(path)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(lines_of(path)) == 1


def test_a_place_that_is_no_file_is_written_to_and_stays_as_it_is(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o644)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with trace_to(pipe):
        pass
    assert b'"trace": "valetkey"' in os.read(reader, 4096)
    os.close(reader)
    assert stat.S_IMODE(pipe.stat().st_mode) == 0o644


@pytest.mark.parametrize("place", ["missing/trace.jsonl", ""], ids=repr)
def test_a_place_that_cannot_be_written_is_said_at_once(tmp_path, place):
    with pytest.raises(ConfigurationError, match="cannot be written") as caught:
        trace_to(tmp_path / place)
    assert caught.value.hint == "Name a file in a folder that you may write to."
    with trace_to(tmp_path / "trace.jsonl") as trace:
        assert lines_of(trace.path)


def test_a_trace_that_can_be_written_no_more_ends_and_no_login_with_it(tmp_path, caplog):
    trace = trace_to(tmp_path / "trace.jsonl")
    trace._file.close()
    trace._file = FileIO("/dev/full", "w")
    World().engine().replace(None)
    assert flush()
    trace.close()
    assert caplog.text.count("cannot be written") == 1


def test_users_are_numbers(tmp_path):
    path = tmp_path / "trace.jsonl"
    with trace_to(path):
        for principal in ("alice@example.com", "bob", "alice@example.com"):
            world = World(registers_clients=False)
            with pytest.raises(Exception, match="register"):
                world.engine(principal=principal, label="her-work").replace(None)
    events = [line for line in lines_of(path) if "user" in line]
    assert list(dict.fromkeys(event["user"] for event in events)) == [1, 2]
    assert "alice" not in path.read_text()
    assert "her-work" not in path.read_text()


def test_a_name_in_a_text_is_left_out(tmp_path):
    path = tmp_path / "trace.jsonl"
    about = {"server_url": "https://mcp.example.com", "principal": "alice@example.com", "label": "default"}
    with trace_to(path), listening.telling_of(listening.source_of(**about)):
        listening.tell("HeldBack", message="The session of alice@example.com waits by default.")
    (held,) = (line for line in lines_of(path) if line.get("event") == "HeldBack")
    assert held["message"] == "The session of … waits by default."


@pytest.mark.parametrize(
    ("label", "said", "shown"),
    [
        ("t", "at t the test of t2", "at … the test of t2"),
        ("401", "http://127.0.0.1:4010/mcp: 401", "http://127.0.0.1:4010/mcp: …"),
        ("bob", "user_bob, bob@example.com and bobby", "user_…, …@example.com and bobby"),
        ("alice", "malice", "m…"),
    ],
)
def test_a_short_name_is_left_out_where_it_is_a_word(tmp_path, label, said, shown):
    path = tmp_path / "trace.jsonl"
    about = {"server_url": "https://server.example/path", "principal": "local", "label": label}
    with trace_to(path), listening.telling_of(listening.source_of(**about)):
        listening.tell("HeldBack", message=said)
    (held,) = (line for line in lines_of(path) if line.get("event") == "HeldBack")
    assert (held["message"], held["server"]) == (shown, "https://server.example/path")


@pytest.mark.parametrize("name", ["t", "e", "browser", "person", "let the", "LoginStarted", "2026"])
def test_a_name_changes_no_word_of_ours(tmp_path, name):
    path = tmp_path / "trace.jsonl"
    with trace_to(path):
        World().engine(label=name).replace(None)
    first, *events = lines_of(path)
    assert [event["event"] for event in events][:2] == ["AttemptStarted", "LoginStarted"]
    (sent,) = (event for event in events if event["event"] == "RequestSent")
    assert (sent["method"], sent["purpose"]) == ("browser", "let the person log in")
    assert all(datetime.fromisoformat(event["time"]) for event in (first, *events))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://mcp.example.com/s/Zk3jd8fKs03kfLw93kfs/mcp", "https://mcp.example.com/s/…/mcp"),
        ("https://mcp.example.com/s/Zk3jd8fKs03kfLw93kfs", "https://mcp.example.com/s/…"),
        ("https://x.example/.well-known/oauth-protected-resource/mcp", None),
        (
            "https://x.example/.well-known/oauth-authorization-server/s/Zk3jd8fKs03kfLw93kfs",
            "https://x.example/.well-known/oauth-authorization-server/s/…",
        ),
        ("https://mcp.example.com/v1/mcp", None),
        ("https://mcp.example.com/a-long-name-of-a-server-without-numbers/mcp", None),
    ],
)
def test_a_part_of_a_path_that_may_be_a_key_is_left_out(tmp_path, url, shown):
    path = tmp_path / "trace.jsonl"
    with trace_to(path):
        listening.tell("HeldBack", message=f"Nothing from {url} yet, “{url}”, ({url}).")
        listening.tell("LoginEnded", grant="device_code", outcome="failed", issuer=url)
    _, held, ended = lines_of(path)
    expected = shown or url
    assert held["message"] == f"Nothing from {expected} yet, “{expected}”, ({expected})."
    assert ended["issuer"] == expected


def test_numbers_are_short_and_what_is_not_known_is_left_out(tmp_path):
    path = tmp_path / "trace.jsonl"
    with trace_to(path):
        listening.tell(
            "RequestSent",
            method="GET",
            url="https://x.example",
            purpose="ask",
            status=None,
            outcome="no answer",
            seconds=0.123456789,
            request=Message({"a": "b"}, {"scope": ["x", 1.5]}),
        )
    _, sent = lines_of(path)
    assert sent["seconds"] == 0.1235
    assert sent["request"] == {"headers": {"a": "b"}, "members": {"scope": ["x", 1.5]}, "size": 0}
    assert sent.keys().isdisjoint({"status", "response", "server", "user", "attempt"})


def test_a_trace_that_was_closed_is_closed(tmp_path):
    trace = trace_to(tmp_path / "trace.jsonl")
    trace.close()
    trace.close()
    listening.tell("HeldBack", message="too late")
    assert len(lines_of(trace.path)) == 1
