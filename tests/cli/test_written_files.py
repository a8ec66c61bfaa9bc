# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Every file that a command writes for its user is a file: the rule is the same for a page and a trace."""

import os
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.commands import process_environment
from tests.doctor.serving import Broken
from tests.fakes.threads import LONGEST_WAIT
from valetkey._cli.outcome import CommandFailed, ExitCode
from valetkey._cli.written_files import require_file, write_file

OPTIONS = {"page": "--html", "trace": "--trace"}


def run(valetkey, line, url):
    """Run a line of a shell in which $VALETKEY stands for the command, and $URL for the server."""
    environment = {**process_environment(valetkey), "VALETKEY": f"{sys.executable} -m valetkey", "URL": url}
    return subprocess.run(
        ["/bin/bash", "-c", line], env=environment, capture_output=True, text=True, timeout=LONGEST_WAIT, check=False
    )


def places(folder):
    """Make what is no file: for each path, what it is."""
    os.mkfifo(folder / "pipe")
    (folder / "folder").mkdir()
    made = {folder / "pipe": "a pipe", folder / "folder": "a folder", Path("/dev/null"): "a device"}
    for path, kind in list(made.items()):
        link = folder / f"link to {path.name}"
        link.symlink_to(path)
        made[link] = kind
    return made


@pytest.mark.parametrize("what", OPTIONS)
def test_what_is_no_file_is_refused_before_anything_is_asked(valetkey, tmp_path, what):
    with Broken() as server:
        for path, kind in places(tmp_path).items():
            done = valetkey("doctor", server.url, OPTIONS[what], path)
            assert done.code == ExitCode.USAGE
            assert done.err.splitlines() == [
                f"Error: The {what} {path} cannot be written: it is {kind}.",
                f"Name a file for the {what}, or /dev/stderr.",
            ]
        assert server.seen == []


@pytest.mark.parametrize("what", OPTIONS)
@pytest.mark.parametrize("redirection", ["| cat", '>"$HOME/result"'])
def test_standard_output_has_the_result_alone(valetkey, tmp_path, what, redirection):
    """Where it is a file, too: the page would have been written over the result."""
    with Broken() as server:
        line = f"set -o pipefail; HOME={tmp_path}; $VALETKEY doctor $URL {OPTIONS[what]} /dev/stdout {redirection}"
        done = run(valetkey, line, server.url)
        assert server.seen == []
    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
    assert done.stderr.splitlines() == [
        f"Error: The {what} and the result cannot both go to standard output.",
        f"Name a file for the {what}, or /dev/stderr.",
    ]


@pytest.mark.parametrize("what", OPTIONS)
def test_standard_error_may_take_it(valetkey, what):
    with Broken() as server:
        done = run(valetkey, f"$VALETKEY doctor $URL --json {OPTIONS[what]} /dev/stderr", server.url)
    assert done.returncode == ExitCode.DONE
    assert {"page": "<!doctype html>", "trace": '"trace": "valetkey"'}[what] in done.stderr
    assert done.stdout.startswith("{")


def test_a_file_is_made_and_one_that_is_there_is_written_over(tmp_path):
    path = tmp_path / "page.html"
    for content in (b"longer than the other", b"short"):
        require_file(path, "page")
        write_file(path, "page", content)
        assert path.read_bytes() == content


def test_a_look_makes_no_file_and_takes_nothing_away(tmp_path):
    require_file(tmp_path / "none", "page")
    (tmp_path / "one").write_text("kept")
    require_file(tmp_path / "one", "page")
    assert [each.name for each in tmp_path.iterdir()] == ["one"]
    assert (tmp_path / "one").read_text() == "kept"


@pytest.mark.parametrize("place", ["none/page.html", "file/page.html", "n" * 300])
def test_a_place_that_cannot_be_written_is_said(tmp_path, place):
    (tmp_path / "file").touch()
    for act in (require_file, lambda path, what: write_file(path, what, b"")):
        with pytest.raises(CommandFailed, match="cannot be written") as caught:
            act(tmp_path / place, "page")
        assert caught.value.hint == "Name a file in a folder that you may write to."


def test_a_place_that_one_has_no_right_to_write_to_is_said(tmp_path, monkeypatch):
    """All rights are those of root, who may run this test."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(CommandFailed, match="Permission denied"):
        require_file(tmp_path / "page.html", "page")


def test_a_socket_is_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the name of a socket is at most some hundred characters long
    with closing(socket.socket(socket.AF_UNIX)) as bound:
        bound.bind("socket")
        with pytest.raises(CommandFailed, match="it is a socket"):
            require_file(tmp_path / "socket", "page")
