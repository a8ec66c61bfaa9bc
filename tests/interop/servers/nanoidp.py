# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""nanoidp in its OAuth 2.1 profile, with FastMCP in front of it."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.interop.profile import (
    SERVERS,
    Profile,
    Running,
    interop_python,
    machine_settings,
    python_versions,
)
from tests.interop.resource_server import SCOPE, mcp_server_with_keys_of, mcp_url_at
from tests.interop.servers.client_document import ClientDocument, client_document
from tests.servers import ServerProcess, free_port
from tests.servers.process import HOST

_MACHINES = {"client_secret_basic": "machine-with-header", "client_secret_post": "machine-with-body"}
_SECRET = "machine-secret-of-the-tests"
_USERS = {"config_version": 1, "users": {"alice": {"password": "alicepass", "email": "alice@example.test"}}}


def _settings(port: int, resource: str, document: ClientDocument) -> dict[str, Any]:
    return {
        "config_version": 1,
        "security_profile": "oauth21",
        "server": {"host": HOST, "port": port},
        "oauth": {
            "issuer": f"http://{HOST}:{port}",
            "audience": resource,
            "scopes_supported": ["openid", "offline_access", SCOPE],
            "refresh_token_rotation": True,
            "dynamic_registration": {"enabled": True},
            "client_id_metadata_documents": {
                "enabled": True,
                "allowed_hosts": [urlsplit(document.url).netloc],
                "allow_loopback": True,
            },
            "clients": [
                {
                    "client_id": client,
                    "client_secret": _SECRET,
                    "token_endpoint_auth_method": method,
                    "redirect_uris": [],
                }
                for method, client in _MACHINES.items()
            ],
        },
        "device_flow": {"polling_interval": 1},
    }


@contextmanager
def nanoidp() -> Iterator[Running]:
    """Run nanoidp and FastMCP."""
    port, mcp_port = free_port(), free_port()
    issuer = f"http://{HOST}:{port}"
    with tempfile.TemporaryDirectory(prefix="valetkey-nanoidp-") as folder, client_document() as document:
        settings = _settings(port, mcp_url_at(mcp_port), document)
        # JSON is YAML.
        Path(folder, "settings.yaml").write_text(json.dumps(settings), encoding="utf-8")
        Path(folder, "users.yaml").write_text(json.dumps(_USERS), encoding="utf-8")
        command = [str(interop_python("nanoidp")), "-I", str(SERVERS / "launch.py"), "nanoidp", "--config", folder]
        command += ["--host", HOST, "--port", str(port)]
        environment = {"SSL_CERT_FILE": str(document.authority)}
        with (
            ServerProcess(command, port, environment=environment, directory=Path(folder)),
            mcp_server_with_keys_of(issuer, issuer + "/.well-known/jwks.json", port=mcp_port) as server,
        ):
            yield Running(
                mcp_url=server.mcp_url,
                issuer=issuer,
                reject_tokens=lambda: server.post("/control/revoke-all"),
                settings={"CIMD": {"client_metadata_url": document.url}} | machine_settings(_MACHINES, _SECRET),
            )


NANOIDP = Profile(
    name="nanoidp",
    versions=lambda: python_versions("nanoidp", "nanoidp"),
    start=nanoidp,
    missing={
        "declined": "nanoidp does not ask for consent.",
        "private_key_jwt": "nanoidp's clients have a secret or none.",
    },
)
