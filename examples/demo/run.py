# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The demo: `make demo`, or `make demo BROWSER=1` to log in with your own browser.

It starts an MCP server that is not ours (FastMCP with its own authorization server), on this machine only, and
runs the same program three times. It fails if anything is not as told.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_ROOT = _HERE.parent.parent
sys.path.insert(0, str(_ROOT))

from tests.servers import browser_environment, fastmcp  # noqa: E402 - the servers of the tests, from the root above

TOKEN_SECONDS = 25
"""How long an access token lives in the demo: the first two programs must be done before, also on a busy computer."""


class NotAsTold(Exception):
    """The demo did something else than it says."""


def main() -> None:
    arguments = argparse.ArgumentParser(description="Valetkey's demo")
    arguments.add_argument("--browser", action="store_true", help="log in with your own browser")
    own_browser = arguments.parse_args().browser
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="valetkey-demo-") as folder,
        fastmcp("own", access_token_seconds=TOKEN_SECONDS) as server,
    ):
        demo = Demo(server.mcp_url, Path(folder), own_browser=own_browser)
        print(f"An MCP server that wants a login runs at {server.mcp_url}.\n")

        print("1. The first program. It only knows that URL.\n")
        first = demo.run_program()
        expires_at = time.monotonic() + TOKEN_SECONDS
        demo.expect_login(first)

        print("2. A second program, in a new process. The session is on disk: no login, and no request for one.\n")
        demo.expect_nothing(demo.run_program())

        wait = max(0.0, expires_at - time.monotonic()) + 1.0
        print(f"3. In {wait:.0f} s the token will have expired. Then a third program: one request renews it.\n")
        time.sleep(wait)
        demo.expect_renewal(demo.run_program())
    print(f"Everything was as told. The demo took {time.monotonic() - started:.0f} s.")


class Demo:
    """
    Runs the program and looks at what it did.

    :param url: The MCP server.
    :param folder: Where the session and the notes of the demo are kept.
    :param own_browser: True for the person's browser, False for a scripted one.
    """

    def __init__(self, url: str, folder: Path, *, own_browser: bool) -> None:
        self._url = url
        self._result = folder / "result.json"
        self._visits = folder / "visits.txt"
        self._own_browser = own_browser
        self._environment = {
            **os.environ,
            "VALETKEY_STORE": f"sqlite:///{folder / 'credentials.db'}",
            "DEMO_RESULT": str(self._result),
        }
        if not own_browser:
            self._environment.update(browser_environment(log=self._visits))

    def run_program(self) -> dict[str, Any]:
        command = [sys.executable, str(_HERE / "program.py"), self._url]
        subprocess.run(command, env=self._environment, check=True, timeout=400 if self._own_browser else 60)
        print()
        result: dict[str, Any] = json.loads(self._result.read_text(encoding="utf-8"))
        _require(result["answer"] == "42", f"the tool answered {result['answer']}")
        return result

    def expect_login(self, result: dict[str, Any]) -> None:
        asked = [(row["method"], row["purpose"]) for row in _login_rows(result)]
        wanted = [
            ("GET", "read what the MCP server says about its login"),
            ("GET", "read what the authorization server offers"),
            ("POST", "register this program as a client"),
            ("browser", "let the person log in"),
            ("POST", "exchange the code for a token"),
        ]
        _require(asked == wanted, f"the login was made of {asked}")
        _require(_rejected(result) == 1, "one request should have been rejected")
        self._expect_visits(1)

    def expect_nothing(self, result: dict[str, Any]) -> None:
        _require(_login_rows(result) == [], f"the second program asked for {_login_rows(result)}")
        _require(_rejected(result) == 0, "no request should have been rejected")
        self._expect_visits(1)

    def expect_renewal(self, result: dict[str, Any]) -> None:
        asked = [(row["method"], row["purpose"]) for row in _login_rows(result)]
        _require(asked == [("POST", "renew the token")], f"the renewal was made of {asked}")
        _require(_rejected(result) == 0, "no request should have been rejected")
        self._expect_visits(1)

    def _expect_visits(self, number: int) -> None:
        if not self._own_browser:
            visits = self._visits.read_text(encoding="utf-8").splitlines()
            _require(len(visits) == number, f"the browser was opened {len(visits)} times")


def _login_rows(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in result["rows"] if row["for_login"]]


def _rejected(result: dict[str, Any]) -> int:
    return sum(row["outcome"] == "401" for row in result["rows"])


def _require(condition: bool, complaint: str) -> None:
    if not condition:
        raise NotAsTold(complaint)


if __name__ == "__main__":
    main()
