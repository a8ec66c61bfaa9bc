# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""nanoidp in its OAuth 2.1 profile, with FastMCP in front of it."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.interop.profile import SERVERS, Profile, Running, interop_python, python_versions
from tests.interop.resource_server import SCOPE, mcp_server_with_keys_of, mcp_url_at
from tests.servers import ServerProcess, free_port
from tests.servers.process import HOST

_MACHINE, _SECRET = "machine", "machine-secret-of-the-tests"
_USERS = {"config_version": 1, "users": {"alice": {"password": "alicepass", "email": "alice@example.test"}}}


def _settings(port: int, resource: str) -> dict[str, Any]:
    machine = {"client_id": _MACHINE, "client_secret": _SECRET, "redirect_uris": []}
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
            "clients": [
                machine,
                {**machine, "client_id": _MACHINE + "-post", "token_endpoint_auth_method": "client_secret_post"},
            ],
        },
        "device_flow": {"polling_interval": 1},
    }


@contextmanager
def nanoidp() -> Iterator[Running]:
    """Run nanoidp and FastMCP."""
    port, mcp_port = free_port(), free_port()
    issuer = f"http://{HOST}:{port}"
    with tempfile.TemporaryDirectory(prefix="valetkey-nanoidp-") as folder:
        # JSON is YAML.
        (Path(folder) / "settings.yaml").write_text(json.dumps(_settings(port, mcp_url_at(mcp_port))), "utf-8")
        (Path(folder) / "users.yaml").write_text(json.dumps(_USERS), "utf-8")
        command = [str(interop_python("nanoidp")), "-I", str(SERVERS / "launch.py"), "nanoidp", "--config", folder]
        command += ["--host", HOST, "--port", str(port)]
        with (
            ServerProcess(command, port, directory=Path(folder)),
            mcp_server_with_keys_of(issuer, issuer + "/.well-known/jwks.json", port=mcp_port) as server,
        ):
            yield Running(
                mcp_url=server.mcp_url,
                issuer=issuer,
                reject_tokens=lambda: server.post("/control/revoke-all"),
                settings={
                    "client_secret_basic": {
                        "client_id": _MACHINE,
                        "client_secret": _SECRET,
                        "client_authentication": "client_secret_basic",
                    },
                    "client_secret_post": {
                        "client_id": _MACHINE + "-post",
                        "client_secret": _SECRET,
                        "client_authentication": "client_secret_post",
                    },
                },
            )


NANOIDP = Profile(name="nanoidp", versions=lambda: python_versions("nanoidp", "nanoidp"), start=nanoidp)
