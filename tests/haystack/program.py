# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A user's program, to be run in a process of its own: `python -m tests.haystack.program KIND URL`.

* `call`: connect, call a tool, print the answer.
* `leave-open`: the same, and end without closing anything.
* `fork`: connect, call a tool, and call it in a forked child too, with the same toolset, after closing it, and with
  another one; then call it here again.
* `give-up`, `give-up-thread`, `give-up-pool`: begin a login that nobody answers, and end while it waits in a daemon
  thread, in a thread that is none, or in a pool.
* `first-login`: log in from an event loop; print which modules that has loaded, and how long the loop was held up.
"""

import asyncio
import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from haystack_integrations.tools.mcp_oauth import MCPToolset, StreamableHttpServerInfo
from tests.fakes.threads import until
from tests.haystack.calling import call, tool_of
from tests.haystack.event_loops import longest_pause


def main(kind, url):
    if kind == "complete":
        from tests.haystack.test_authorization_required import visit
        from valetkey._adapters.framework import complete_login

        complete_login(None, visit(url), principal="alice")
        return
    toolset = MCPToolset(StreamableHttpServerInfo(url=url))
    if kind.startswith("give-up"):
        _give_up(kind, toolset)
        return
    if kind == "first-login":
        loaded = set(sys.modules)
        pause = asyncio.run(longest_pause(toolset.warm_up_async(), collects=True))
        _say(json.dumps({"loaded": sorted(set(sys.modules) - loaded), "pause": pause}))
        toolset.close()
        return
    add = tool_of(toolset)
    _say(call(add, a=1, b=2))
    if kind == "fork":
        _fork(toolset, add, url)
    if kind in ("call", "fork"):
        toolset.close()


def _fork(toolset, add, url):
    child = os.fork()
    if child == 0:
        try:
            _say(call(add, a=2, b=2))
            toolset.close()
            _say(call(tool_of(toolset), a=2, b=3))
            another = MCPToolset(StreamableHttpServerInfo(url=url))
            _say(call(tool_of(another), a=2, b=4))
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    _say(call(add, a=3, b=4))


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
