# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The flags of mcp-remote that the bridge does not have, so that its arguments can be taken over as they are.

They are taken out of the arguments, and each is told of in a line, because the user had a reason to give it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import typer
from typer.core import TyperCommand

_NO_LIMIT = "an answer and a silent stream have no limit here"
_SESSION = "a session that the server has ended is opened again"

WITHOUT_VALUE: Mapping[str, str] = {
    "--keep-alive": _SESSION,
    "--disable-cookies": "a cookie goes to the server that has set it, and lives as long as the bridge",
    "--ipv4": "an address that cannot be reached is passed over",
}
"""Why each of the flags is not needed."""

WITH_VALUE: Mapping[str, str] = {
    "--ping-interval": _SESSION,
    "--connect-timeout": "a connection is waited for 30 seconds",
    "--headers-timeout": _NO_LIMIT,
    "--body-timeout": _NO_LIMIT,
    "--protocol": "the messages of client and server are not translated into another revision of MCP",
}


class BridgeCommand(TyperCommand):
    """A command that passes over them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments."""
        kept, reasons = without_foreign_flags(args)
        if "--silent" not in kept and not ctx.resilient_parsing:
            for flag, reason in reasons.items():
                typer.echo(f"{flag} of mcp-remote does nothing here: {reason}.", err=True)
        parsed: list[str] = super().parse_args(ctx, kept)
        return parsed


def without_foreign_flags(arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Give the arguments without them, and why each that was among them does nothing."""
    kept: list[str] = []
    reasons: dict[str, str] = {}
    rest: Iterator[str] = iter(arguments)
    for argument in rest:
        flag, equals, _ = argument.partition("=")
        if argument in WITHOUT_VALUE:
            reasons[flag] = WITHOUT_VALUE[flag]
        elif flag in WITH_VALUE:
            reasons[flag] = WITH_VALUE[flag]
            if not equals:
                next(rest, None)
        else:
            kept.append(argument)
    return kept, reasons
