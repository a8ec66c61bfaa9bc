# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The scripted browser with a person who takes time, or with somebody in between: `python patient_browser.py URL`.

Settings in the environment, besides those of the scripted browser:

* `VALETKEY_TEST_PERSON_WAITS_FOR`: a file; the person goes on when it exists.
* `VALETKEY_TEST_PERSON_TAKES`: the seconds the person takes.
* `VALETKEY_TEST_PERSON_TAMPERS`: `1` for somebody who exchanges the state on the way back.
* `VALETKEY_TEST_PERSON_COMMAND`: a file that gets the command line of this program, as every user can see it.
"""

import os
import sys
import time
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

sys.path.insert(0, str(Path(__file__).parent.parent / "servers"))

from scripted_browser import Lost, ScriptedBrowser

_LONGEST = 60.0
_POLL = 0.02


class TamperingBrowser(ScriptedBrowser):
    """Exchanges the state of every answer of an authorization server."""

    def _visit(self, method, url, form, deadline):
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query)
        if "code" in dict(pairs):
            pairs = [(name, "another-state" if name == "state" else value) for name, value in pairs]
        return super()._visit(method, parts._replace(query=urlencode(pairs)).geturl(), form, deadline)


def main(url, environment):
    """Take the time, then go on like the scripted browser."""
    command = environment.get("VALETKEY_TEST_PERSON_COMMAND")
    if command:
        Path(command).write_bytes(Path("/proc/self/cmdline").read_bytes())
    time.sleep(float(environment.get("VALETKEY_TEST_PERSON_TAKES", "0")))
    sign = environment.get("VALETKEY_TEST_PERSON_WAITS_FOR")
    deadline = time.monotonic() + _LONGEST
    while sign and not Path(sign).exists() and time.monotonic() < deadline:
        time.sleep(_POLL)
    browser = TamperingBrowser if environment.get("VALETKEY_TEST_PERSON_TAMPERS") == "1" else ScriptedBrowser
    deny = environment.get("VALETKEY_TEST_BROWSER_DENY") == "1"
    try:
        browser(deny=deny, log=environment.get("VALETKEY_TEST_BROWSER_LOG")).open(url)
    except Lost as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], os.environ))
