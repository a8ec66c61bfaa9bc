# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A user's program, to be run in a process of its own: `python -m tests.haystack.program KIND URL`.

* `call`: connect, call a tool, print the answer.
* `leave-open`: the same, and end without closing anything.
* `give-up`, `give-up-thread`, `give-up-pool`: begin a login that nobody answers, and end while it waits in a daemon
  thread, in a thread that is none, or in a pool.
"""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from haystack_integrations.tools.mcp_oauth import MCPToolset, StreamableHttpServerInfo
from tests.fakes.threads import until
from tests.haystack.calling import call, tool_of


def main(kind, url):
    toolset = MCPToolset(StreamableHttpServerInfo(url=url))
    if kind.startswith("give-up"):
        _give_up(kind, toolset)
        return
    _say(call(tool_of(toolset), a=1, b=2))
    if kind == "call":
        toolset.close()


def _give_up(kind, toolset):
    if kind == "give-up-pool":
        ThreadPoolExecutor(1).submit(toolset.warm_up)
    else:
        threading.Thread(target=toolset.warm_up, daemon=kind == "give-up").start()
    _wait_for_login()
    _say("asked")


def _say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _wait_for_login():
    """Wait until the listener of a login runs."""
    until(lambda: any(thread.name == "valetkey-callback" for thread in threading.enumerate()))


if __name__ == "__main__":
    main(*sys.argv[1:])
