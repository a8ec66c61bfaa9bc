# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What an MCP server is asked to find out what it speaks, beside the ping with which every login begins."""

import json
import re
from urllib.parse import urlsplit

from valetkey import urls, wire
from valetkey._cli.doctor.facts import ENDPOINT
from valetkey.protocol.server import server_candidates
from valetkey.wire import HttpRequest, HttpResponse

_ACCEPT = ("Accept", "application/json, text/event-stream")
_SPEAKS = "see whether the MCP server speaks MCP"
_REVISION = "2025-11-25"
_OF_MCP = re.compile(r"\bmcp[-_ ]?(?:protocol[-_ ]?version|session[-_ ]?id|method)\b", re.IGNORECASE)
_LONGEST_READ = 4000

MCP_STATUSES = frozenset({200, 202, 400, 404, 405, 406, 415, 422, 501})
"""With these a server may answer a ping without a session; its body or a further question says whether it is MCP."""


def initialize_request(url: str) -> HttpRequest:
    """Build the request with which an MCP session begins (MCP 2025-11-25, Lifecycle)."""
    parameters = {
        "protocolVersion": _REVISION,
        "capabilities": {},
        "clientInfo": {"name": "valetkey-doctor", "version": "1"},
    }
    message = {"jsonrpc": "2.0", "id": 2, "method": "initialize", "params": parameters}
    return HttpRequest("POST", url, _SPEAKS, (_ACCEPT, ("Content-Type", "application/json")), _bytes(message))


def end_request(url: str, session_id: str) -> HttpRequest:
    """Build the request that ends the session that `initialize_request` began."""
    return HttpRequest("DELETE", url, "end the session at the MCP server", (("Mcp-Session-Id", session_id),))


def stream_request(url: str) -> HttpRequest:
    """Build the request with which a client of the older HTTP+SSE transport begins (MCP 2024-11-05, Transports)."""
    return HttpRequest("GET", url, _SPEAKS, (("Accept", "text/event-stream"),))


def endpoint_request(url: str) -> HttpRequest:
    """Build a question whether an endpoint answers at all; it has no parameter, so nothing comes of it."""
    return HttpRequest("GET", url, ENDPOINT, (("Accept", "*/*"),))


def misplaced_resource_urls(server_url: str) -> tuple[str, ...]:
    """List where resource metadata lies by mistake: with the well-known path behind the server's (RFC 9728 §3.1)."""
    return (f"{urls.without_last_slash(urls.canonical_resource(server_url))}/.well-known/oauth-protected-resource",)


def misplaced_server_urls(issuer: str) -> tuple[str, ...]:
    """List where the metadata of an issuer with a path lies by mistake: at the root, and behind the path."""
    base = issuer.removesuffix("/")
    if not urls.is_endpoint(issuer) or not urlsplit(base).path:
        return ()
    return (*server_candidates(urls.origin(base)), f"{base}/.well-known/oauth-authorization-server")


def media_type_of(response: HttpResponse | None) -> str:
    """Give the media type of an answer in lower case, without parameters."""
    return (response.header("Content-Type") or "").partition(";")[0].strip().lower() if response is not None else ""


def speaks_mcp(response: HttpResponse | None) -> bool:
    """Tell whether an answer is one of MCP: a JSON-RPC message, a stream of them, or words about a field of MCP."""
    if response is None:
        return False
    if media_type_of(response) == "text/event-stream" and response.status == 200:
        return True
    if (wire.json_object(response) or {}).get("jsonrpc") == "2.0":
        return True
    return response.status == 400 and _OF_MCP.search(response.body[:_LONGEST_READ].decode(errors="replace")) is not None


def _bytes(message: object) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()
