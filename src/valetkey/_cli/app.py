# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The commands by name, in the order of their help.

The module of a command is imported for the help of all of them, so it imports at its top only what is light. The
function that needs the engine, httpx2 or the MCP SDK imports it.
"""

from typing import Annotated

import typer

import valetkey
from valetkey._cli.bridge.command import bridge
from valetkey._cli.login import login
from valetkey._cli.logout import logout
from valetkey._cli.refresh import refresh
from valetkey._cli.running import command
from valetkey._cli.status import status
from valetkey._cli.token import token

app = typer.Typer(
    name="valetkey",
    help="Log in at MCP servers, see your sessions, find out why a login fails.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,  # `running` tells what failed
    rich_markup_mode=None,
)

app.command("login")(command(login))
app.command("status")(command(status))
app.command("refresh")(command(refresh))
app.command("token")(command(token))
app.command("logout")(command(logout))
app.command("bridge")(bridge)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"valetkey {valetkey.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Log in at MCP servers, see your sessions, find out why a login fails."""


def main() -> None:
    """Run the command that the arguments of this process name."""
    app()
