# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the tests know about a server: how it is started, and what it does not offer."""

import importlib.metadata
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
SERVERS = Path(__file__).parent / "servers"


@dataclass(frozen=True, kw_only=True)
class Running:
    """
    A server that runs, with an MCP server in front of it or in it.

    :param mcp_url: What a user gives to Valetkey.
    :param issuer: The authorization server, as its metadata names it.
    :param reject_tokens: Makes the MCP server refuse every access token that it has seen so far.
    :param end_sessions: Makes the authorization server forget its grants; None where `logout()` does, at the server.
    :param settings: What a user has to set for a step, by the name of the step; nothing for most.
    :param environment: Variables of the processes of the client, such as the certificates to trust.
    """

    mcp_url: str
    issuer: str
    reject_tokens: Callable[[], object]
    end_sessions: Callable[[], object] | None = None
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Profile:
    """
    A server in one configuration: a row of the table.

    :param name: The row.
    :param versions: Gives what is installed: "nanoidp 3.4.0".
    :param start: Starts it; it is gone at the end of the `with` block.
    :param missing: The steps that it does not offer, and why: a sentence each, for a footnote.
    """

    name: str
    versions: Callable[[], str]
    start: Callable[[], AbstractContextManager[Running]]
    missing: Mapping[str, str] = field(default_factory=dict)


def machine_settings(clients: Mapping[str, str], secret: str) -> dict[str, dict[str, str]]:
    """
    Give the settings of machines that show a secret.

    :param clients: The id of the client for each way to show it, which is also the name of the step.
    :param secret: The secret of all of them.
    :returns: What goes into `Running.settings`.
    """
    return {
        method: {"client_id": client, "client_secret": secret, "client_authentication": method}
        for method, client in clients.items()
    }


def interop_python(environment: str) -> Path:
    """
    Name the Python of a server that has an environment of its own.

    :param environment: Its name: requirements/interop-<name>.txt says what is in it.
    :returns: The interpreter.
    """
    return ROOT / ".venv-interop" / environment / "bin" / "python"


def python_versions(environment: str | None, *packages: str) -> str:
    """
    Read which versions are installed.

    :param environment: As in `interop_python`; None for the one that runs the tests.
    :param packages: The packages to name.
    :returns: Their names and versions.
    """
    if environment is None:
        return ", ".join(f"{package} {importlib.metadata.version(package)}" for package in packages)
    folders = [str(path) for path in interop_python(environment).parent.parent.glob("lib/*/site-packages")]
    found = importlib.metadata.distributions(path=folders)
    versions = {distribution.name.lower(): distribution.version for distribution in found}
    return ", ".join(f"{package} {versions[package.lower()]}" for package in packages)


def node_versions(folder: Path, *packages: str) -> str:
    """
    Read which versions are installed.

    :param folder: The folder of a server, with `node_modules` in it.
    :param packages: The packages to name.
    :returns: Their names and versions.
    """
    named = []
    for package in packages:
        description = json.loads((folder / "node_modules" / package / "package.json").read_text(encoding="utf-8"))
        named.append(f"{package} {description['version']}")
    return ", ".join(named)
