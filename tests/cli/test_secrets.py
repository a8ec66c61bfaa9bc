# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Where the secret of a client may come from."""

import pytest

from tests.login.terminal import Terminal
from valetkey import Secret
from valetkey._cli.outcome import CommandFailed
from valetkey._cli.secrets import read_secret


def test_it_comes_from_a_variable_or_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("THE_SECRET", "sesame")
    (tmp_path / "secret").write_text("sesame\n")
    assert read_secret("env:THE_SECRET", "?") == Secret("sesame")
    assert read_secret(f"file:{tmp_path / 'secret'}", "?") == Secret("sesame")


@pytest.mark.parametrize("source", ["sesame", "env:", "file:", "env:NOT_SET_ANYWHERE", "file:/no/such/file", ""])
def test_anything_else_is_refused_and_never_repeated(source):
    with pytest.raises(CommandFailed) as failed:
        read_secret(source, "?")
    assert "env:NAME" in failed.value.hint
    assert "sesame" not in str(failed.value)


def test_a_file_that_is_empty_or_no_text_is_refused(tmp_path):
    (tmp_path / "empty").write_text("")
    (tmp_path / "bytes").write_bytes(b"\xff")
    for name in ("empty", "bytes"):
        with pytest.raises(CommandFailed, match=name):
            read_secret(f"file:{tmp_path / name}", "?")


def test_a_terminal_does_not_show_what_is_typed():
    code = """
        from valetkey._cli.secrets import read_secret
        print("got", len(read_secret("ask", "The secret: ").reveal()))
    """
    with Terminal(code) as terminal:
        terminal.sees("The secret: ")
        terminal.types("sesame\n")
        terminal.sees("got 6")
        assert "sesame" not in terminal.shown
