# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey tools`: what an MCP server can do for you."""

from typing import Annotated, Any

import typer

from valetkey._cli.console import Console
from valetkey._cli.parameters import ClientId, Label, Principal, StoreName, Url

Transport = Annotated[
    str | None,
    typer.Option(
        "--transport",
        metavar="http|sse",
        help="The MCP transport, instead of a guess by the URL.",
        show_default=False,
    ),
]


def tools(
    console: Console,
    url: Url,
    transport: Transport = None,
    label: Label = None,
    principal: Principal = None,
    client_id: ClientId = None,
    store: StoreName = None,
) -> None:
    """List the tools of a server. You log in first, if that is needed."""
    from valetkey._cli.accounts import settings_at
    from valetkey._cli.mcp_session import all_tools, require_sdk, with_session
    from valetkey.store import open_store

    require_sdk()
    opened = open_store(store)
    settings, is_known = settings_at(opened, url, principal=principal, label=label, client_id=client_id)
    with console.progress("Listing the tools…", if_so=is_known):
        found = with_session(settings, opened, all_tools, transport=transport)
    shown = "\n".join(line for tool in found for line in _lines(tool))
    console.result({"tools": found}, shown or "The server has no tools.")


def _lines(tool: dict[str, Any]) -> list[str]:
    from valetkey.errors.texts import harmless

    schema = tool.get("inputSchema")
    properties = schema.get("properties") if isinstance(schema, dict) else None
    required = schema.get("required") if isinstance(schema, dict) else None
    named = properties if isinstance(properties, dict) else {}
    parameters = [name if isinstance(required, list) and name in required else f"[{name}]" for name in named]
    lines = [" ".join(harmless(part) for part in (str(tool.get("name")), *parameters))]
    description = str(tool.get("description") or "").strip()
    return [*lines, *(f"  {harmless(line.strip())}" for line in description.splitlines()[:1])]
