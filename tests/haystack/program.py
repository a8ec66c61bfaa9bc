# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A user's program, to be run in a process of its own: `python -m tests.haystack.program KIND URL`.

* `call`: connect, call a tool, print the answer.
* `leave-open`: the same, and end without closing anything.
* `give-up`: begin a login that nobody answers, and end while it waits.
"""

import sys
import threading
import time

from haystack_integrations.tools.mcp_oauth import MCPToolset, StreamableHttpServerInfo
from tests.haystack.calling import call, tool_of

_LONGEST = 20.0


def main(kind, url):
    toolset = MCPToolset(StreamableHttpServerInfo(url=url))
    if kind == "give-up":
        threading.Thread(target=toolset.warm_up, daemon=True).start()
        _wait_for_login()
        _say("asked")
        return
    _say(call(tool_of(toolset), a=1, b=2))
    if kind == "call":
        toolset.close()


def _say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _wait_for_login():
    """Wait until the listener of a login runs."""
    deadline = time.monotonic() + _LONGEST
    while not any(thread.name == "valetkey-callback" for thread in threading.enumerate()):
        if time.monotonic() >= deadline:
            sys.exit("no login began")
        time.sleep(0.01)


if __name__ == "__main__":
    main(*sys.argv[1:])
