# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Sessions of `mcp-remote`, the npm program that connects local clients to remote MCP servers.

It keeps them in `~/.mcp-auth`: newer versions in the folder `mcp-remote-v1`, older versions in one folder each. The
name of a file begins with a digest of the server's URL and of the options that identify a session.
"""

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from valetkey._discovery.target import AuthorizationTarget
from valetkey.errors import LoginRequired, quote
from valetkey.migrate.foreign import Foreign, as_json, read_file, read_issuer, read_time, read_token
from valetkey.wire import read_scope

PROGRAM = "mcp-remote"
FOLDER = "MCP_REMOTE_CONFIG_DIR"
"""The environment variable that names another folder."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """
    The options of mcp-remote that identify a session.

    :param url: The URL, spelled as on its command line.
    :param headers: The values of `--header`, before variables are put in.
    """

    url: str
    resource: str | None = None
    authorization_parameters: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    client_metadata_url: str | None = None

    @property
    def named_resource(self) -> str | None:
        """The resource it asks for; None for the one that the MCP server publishes."""
        return (self.resource or "").strip() or None

    @property
    def digest(self) -> str:
        """What the names of the session's files begin with."""
        parts = [
            self.url,
            self.named_resource or "",
            _as_javascript(self.authorization_parameters),
            _as_javascript(self.headers),
            self.client_metadata_url or "",
        ]
        text = "|".join(part for part in parts if part)
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def read_mcp_remote(invocation: Invocation, folder: Path | None = None) -> Foreign:
    """Read the session of mcp-remote; of those of several versions, the one that was written last."""
    base = folder or Path(os.environ.get(FOLDER) or Path.home() / ".mcp-auth")
    files = sorted(base.glob(f"mcp-remote-*/{invocation.digest}_tokens.json"), key=_written_at, reverse=True)
    text = read_file(files[0]) if files else None
    if text is None:
        message = f"mcp-remote keeps no session for {quote(invocation.url)} in {base}."
        hint = "Give the URL, resource, headers and authorization_parameters as mcp-remote is run with, or log in."
        raise LoginRequired(message, hint=hint)
    place = files[0]
    client_place = place.with_name(f"{invocation.digest}_client_info.json")
    client_text = read_file(client_place)
    members = as_json(text, PROGRAM, str(place))
    registration = None if client_text is None else as_json(client_text, PROGRAM, str(client_place))
    # A copied file may have a later time, never an earlier one: at worst the token is rejected once, then renewed.
    expires_at = read_time(members.get("expires_at"), units=1000)
    return Foreign(
        program=PROGRAM,
        place=str(place),
        token=read_token(members, PROGRAM, str(place), expires_at=expires_at, written_at=_written_at(place)),
        registration=registration,
        issuer=read_issuer(members, registration, PROGRAM, str(place)),
        requested_scope=read_scope(members.get("requested_scope")),
        resource_of=partial(_resource, given=invocation.named_resource),
    )


def _resource(target: AuthorizationTarget, *, given: str | None) -> str | None:
    """The given or published resource, as JavaScript's URL type writes it; None if there is neither."""
    named = given or (target.metadata.resource if target.metadata is not None else None)
    if named is None or target.resource_parameter is None:
        return None
    parts = urlsplit(named)
    return named if parts.path else urlunsplit(parts._replace(path="/"))


def _as_javascript(mapping: Mapping[str, str]) -> str:
    """Write a mapping as `JSON.stringify` does with sorted names; an empty one is left out of the digest."""
    return json.dumps(dict(sorted(mapping.items())), separators=(",", ":"), ensure_ascii=False) if mapping else ""


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return -math.inf  # deleted since it was listed
