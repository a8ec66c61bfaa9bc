# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The scenes: what a user types, in order. They share one computer: what one scene stores, the next ones find."""

import re
from dataclasses import dataclass

PORT = 8000
MCP = f"http://127.0.0.1:{PORT}/mcp"
"""A server that wants a login, and has the tools of `tests/servers/fastmcp_server.py`."""
SILENT_PORT = 8001
SILENT = f"http://127.0.0.1:{SILENT_PORT}/mcp"
"""A server that wants a token, and does not say where to get one."""
NOTHING = "http://127.0.0.1:8002"
"""No server."""

THE_ADDRESS = "the address at which the browser stops"
"""What the user pastes."""


@dataclass(frozen=True)
class Scene:
    """One picture."""

    name: str
    """The picture is `docs/images/terminal-NAME.svg`."""
    title: str
    commands: tuple[str, ...]
    typed: tuple[tuple[str, str], ...] = ()
    """What the user answers, as pairs: the end of what is shown, and what is typed then."""
    has_browser: bool = True

    @property
    def needs(self):
        """The commands of Valetkey that it shows."""
        return {word for line in self.commands for word in re.findall(r"\bvaletkey ([a-z]+)", line)}


SCENES = (
    Scene("help", "What there is", ("valetkey --help",)),
    Scene("login", "A login in the browser, and once more", (f"valetkey login {MCP}", f"valetkey login {MCP}")),
    Scene("status", "Which sessions there are", ("valetkey status",)),
    Scene("tools", "The tools of a server", (f"valetkey tools {MCP}",)),
    Scene("call", "Calling one of them", (f"valetkey call {MCP} add --arg a=20 --arg b=22",)),
    Scene("refresh", "A new token before the old one ends", (f"valetkey refresh {MCP}",)),
    Scene(
        "token",
        "A token for a script, and none for a terminal",
        (f"valetkey token {MCP}", f"valetkey token {MCP} | wc --chars"),
    ),
    Scene(
        "export",
        "Moving sessions, and taking them back",
        ("valetkey export sessions.db", "valetkey status", "valetkey import store sessions.db"),
    ),
    Scene(
        "cimd",
        "A client metadata document",
        (
            'valetkey cimd build https://app.example.com/client.json --name "My agent"',
            "valetkey cimd check https://127.0.0.1:8002/client.json",
        ),
    ),
    Scene("doctor", "Why does it not work?", (f"valetkey doctor {MCP}", f"valetkey doctor {SILENT}")),
    Scene("bridge", "A remote server for a program that starts servers", ("valetkey bridge --help",)),
    Scene("json", "For a program", ("valetkey status --json",)),
    Scene(
        "logout",
        "The end of a session, and what a program hears then",
        (f"valetkey logout {MCP}", f"valetkey token {MCP} >token.txt; echo $?"),
    ),
    Scene("errors", "Two lines: what happened, and what to do", (f"valetkey login {NOTHING}/mcp",)),
    Scene(
        "paste",
        "A login without a browser: the link is opened elsewhere, and the address at which it stops is pasted",
        (f"valetkey login --paste {MCP}",),
        typed=(("paste it here:", THE_ADDRESS),),
        has_browser=False,
    ),
)
