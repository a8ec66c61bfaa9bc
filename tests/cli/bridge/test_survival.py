# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The MCP session of a client outlives what happens at the server."""

import threading

from tests.cli.bridge.running import Bridge, everything


def test_a_session_that_the_server_has_forgotten_is_opened_anew_and_the_call_is_made_once(server):
    with Bridge(server.url) as bridge:
        bridge.open()
        bridge.ask(1, "logging/setLevel", level="warning")
        bridge.answer(1)
        bridge.ask(2, "resources/subscribe", uri="test://one")
        bridge.answer(2)
        server.steer("forget")
        assert bridge.call(3, "echo", text="again") == "again"
        assert bridge.call(4, "echo", text="and again") == "and again"
    calls = server.log()["calls"]
    assert calls == [*["SetLevelRequestParams", "SubscribeRequestParams"] * 2, "echo", "echo"]


def test_a_server_that_restarts_is_reached_again():
    with everything() as server, Bridge(server.url) as bridge:
        bridge.open()
        assert bridge.call(1, "echo", text="before") == "before"
        server.process.stop()
        starting = threading.Thread(target=server.process.start)
        starting.start()  # the call waits for it
        assert bridge.call(2, "echo", text="after") == "after"
        starting.join()
