# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The scripted browser with a person who takes time, or with somebody in between.

Settings, besides those of the scripted browser:

* `waits_for`: a file; the person goes on when it exists.
* `takes`: the seconds the person takes.
* `tampers`: `1` for somebody who exchanges the state on the way back.
* `command`: a file that gets the command line of this program, as every user can see it.
"""

import sys
import time
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

sys.path.insert(0, str(Path(__file__).parent.parent / "servers"))

from scripted_browser import Lost, ScriptedBrowser, settings_of

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


def main(arguments):
    """Take the time, then go on like the scripted browser."""
    settings = settings_of(arguments)
    if settings.get("command"):
        Path(settings["command"]).write_bytes(Path("/proc/self/cmdline").read_bytes())
    time.sleep(float(settings.get("takes", "0")))
    sign = settings.get("waits_for")
    deadline = time.monotonic() + _LONGEST
    while sign and not Path(sign).exists() and time.monotonic() < deadline:
        time.sleep(_POLL)
    browser = TamperingBrowser if settings.get("tampers") == "1" else ScriptedBrowser
    try:
        browser(deny=settings.get("deny") == "1", log=settings.get("log")).open(arguments[-1])
    except Lost as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
