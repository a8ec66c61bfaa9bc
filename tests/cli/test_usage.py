# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What was typed wrongly is an error as any other: a sentence, and with `--json` one document."""

import pytest

from valetkey._cli.outcome import ExitCode


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("login", "--json"), "Missing argument 'URL'."),
        (("--json", "status"), "No such option: --json"),
        (("logni", "--json"), "No such command 'logni'."),
        (("status", "--json", "--sotre", "x"), "No such option: --sotre"),
        (("login", "https://mcp.example.com", "--callback-port", "99999", "--json"), "'--callback-port'"),
        (("import", "store", "--json"), "Missing argument 'STORE'."),
        (("cimd", "build", "https://app.example.com/c.json", "--json"), "Missing option '--name'."),
        (("call", "https://mcp.example.com", "--json"), "Missing argument 'TOOL'."),
    ],
)
def test_with_json_it_is_one_document(valetkey, arguments, said):
    done = valetkey(*arguments)
    assert done.code == ExitCode.USAGE
    error = done.document["error"]
    assert said in error["message"]
    assert error["hint"].startswith("See: ")
    assert error["hint"].endswith(" --help")
    assert error["exit_code"] == ExitCode.USAGE
    assert said in done.err


@pytest.mark.parametrize(
    "arguments",
    [("login",), ("call", "https://mcp.example.com", "--nope", "--", "--json"), ("bridge", "--json")],
    ids=repr,
)
def test_without_it_nothing_goes_to_standard_output(valetkey, arguments):
    done = valetkey(*arguments)
    assert (done.code, done.out) == (ExitCode.USAGE, "")
    assert "Error: " in done.err


def test_the_hint_names_the_command_whose_help_says_more(valetkey):
    assert valetkey("import", "store", "--json").document["error"]["hint"].endswith(" import store --help")
