# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey call`: call one tool, and print what it answers."""

import difflib
import sys
from typing import Annotated, Any

import typer

from valetkey._cli.console import Console
from valetkey._cli.outcome import CommandFailed, ExitCode
from valetkey._cli.parameters import ClientId, Label, Principal, StoreName, Url
from valetkey._cli.tools import Transport

_Tool = Annotated[str, typer.Argument(metavar="TOOL", help="The name of the tool.", show_default=False)]
_Given = Annotated[
    list[str] | None, typer.Argument(metavar="NAME=VALUE", help="The same as --arg NAME=VALUE.", show_default=False)
]
_Argument = Annotated[
    list[str] | None,
    typer.Option(
        "--arg", metavar="NAME=VALUE", help="An argument, read by the type that the tool wants; a list is JSON."
    ),
]
_Document = Annotated[
    list[str] | None, typer.Option("--arg-json", metavar="NAME=JSON", help="An argument, written as JSON.")
]
_File = Annotated[
    str | None,
    typer.Option("--args-file", metavar="FILE", help="A JSON object with the arguments; - reads it from input."),
]


def call(
    console: Console,
    url: Url,
    tool: _Tool,
    given: _Given = None,
    arg: _Argument = None,
    arg_json: _Document = None,
    args_file: _File = None,
    transport: Transport = None,
    label: Label = None,
    principal: Principal = None,
    client_id: ClientId = None,
    store: StoreName = None,
) -> ExitCode | None:
    """Call a tool. Its text goes to standard output, and with --json its whole result."""
    from valetkey._cli.accounts import settings_at
    from valetkey._cli.mcp_session import all_tools, document_of, require_sdk, with_session
    from valetkey._cli.tool_arguments import read_arguments, read_file
    from valetkey.store import open_store

    require_sdk()
    texts = [*(arg or ()), *(given or ())]
    document = None if args_file is None else read_file(args_file)
    opened = open_store(store)
    settings, is_known = settings_at(opened, url, principal=principal, label=label, client_id=client_id)

    async def act(session: Any) -> dict[str, Any]:
        known = {str(each.get("name")): each for each in await all_tools(session)}
        if tool not in known:
            raise _unknown(tool, list(known), url)
        arguments = read_arguments(known[tool], texts=texts, documents=arg_json or (), file=document)
        return document_of(await session.call_tool(tool, arguments))

    with console.progress(f"Calling {tool}…", if_so=is_known):
        result = with_session(settings, opened, act, transport=transport)
    failed, text = result.get("isError") is True, text_of(result)
    if console.as_json:
        console.write_document(result)
    elif failed:
        message = f"The tool {tool} failed: {text or 'it does not say why'}"
        raise CommandFailed(message, hint="Check what you gave it: valetkey tools URL")
    else:
        console.write(_for_reader(text))
    return ExitCode.SERVER if failed else None


def text_of(result: dict[str, Any]) -> str:
    """Give the text of a result; what is no text is named with its kind."""
    parts = []
    for item in result.get("content") or []:
        resource = item.get("resource") or {}
        if item.get("type") == "text":
            parts.append(str(item.get("text", "")))
        elif "text" in resource:
            parts.append(str(resource["text"]))
        else:
            kind = item.get("mimeType") or resource.get("mimeType") or item.get("uri") or "no text"
            parts.append(f"[{item.get('type')}: {kind}; --json has it]")
    return "\n".join(parts)


def _for_reader(text: str) -> str:
    """A program gets the text as it is; on a terminal nothing in it moves the cursor."""
    if not sys.stdout.isatty():
        return text
    from valetkey.errors.texts import harmless_lines

    return harmless_lines(text)


def _unknown(tool: str, known: list[str], url: str) -> CommandFailed:
    from valetkey._cli.views import shown_url

    close = difflib.get_close_matches(tool, known, n=1)
    hint = f"Do you mean {close[0]}?" if close else f"See which there are: valetkey tools {shown_url(url)}"
    return CommandFailed(f"There is no tool {tool}.", hint=hint, code=ExitCode.USAGE)
