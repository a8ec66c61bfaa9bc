# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The commands by name, in the order of their help.

The module of a command is imported for the help of all of them, so it imports at its top only what is light. The
function that needs the engine, httpx2 or the MCP SDK imports it.
"""

import os
from typing import Annotated

import typer

import valetkey
from valetkey._cli import cimd
from valetkey._cli.bridge.command import bridge
from valetkey._cli.bridge.foreign_flags import BridgeCommand
from valetkey._cli.call import call
from valetkey._cli.completion import complete_in_bash
from valetkey._cli.doctor.command import doctor
from valetkey._cli.interruption import hear_signals
from valetkey._cli.login import login
from valetkey._cli.logout import logout
from valetkey._cli.moving import export_sessions, import_fastmcp, import_mcp_remote, import_store
from valetkey._cli.refresh import refresh
from valetkey._cli.running import command
from valetkey._cli.status import status
from valetkey._cli.token import token
from valetkey._cli.tools import tools
from valetkey._cli.usage import Commands

app = typer.Typer(
    name="valetkey",
    cls=Commands,
    help="Log in at MCP servers, see your sessions, find out why a login fails.",
    epilog="Begin with: valetkey login https://mcp.example.com/mcp",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,  # `running` tells what failed
    rich_markup_mode=None,
)

app.command("login")(command(login))
app.command("status")(command(status))
app.command("doctor")(command(doctor))
app.command("tools")(command(tools))
app.command("call")(command(call))
app.command("refresh")(command(refresh))
app.command("token")(command(token))
app.command("logout")(command(logout))
app.command("bridge", cls=BridgeCommand)(bridge)
app.command("export")(command(export_sessions))

imports = typer.Typer(help="Take over the sessions of another store or program.", no_args_is_help=True)
imports.command("store")(command(import_store))
imports.command("mcp-remote")(command(import_mcp_remote))
imports.command("fastmcp")(command(import_fastmcp))
app.add_typer(imports, name="import")

documents = typer.Typer(help="Make or check a client metadata document.", no_args_is_help=True)
documents.command("build")(command(cimd.build))
documents.command("check")(command(cimd.check))
app.add_typer(documents, name="cimd")


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
    if os.environ.get("_VALETKEY_COMPLETE") == "complete_bash":
        complete_in_bash(app)
    hear_signals()
    app()
