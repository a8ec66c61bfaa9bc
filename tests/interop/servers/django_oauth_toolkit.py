# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""django-oauth-toolkit, with an issuer at the root of its origin or below a path, and FastMCP in front of it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from tests.interop.profile import (
    ROOT,
    SERVERS,
    Profile,
    Running,
    interop_python,
    machine_settings,
    python_versions,
)
from tests.interop.resource_server import mcp_server_that_asks
from tests.interop.servers.client_document import client_document
from tests.servers import ServerProcess, free_port
from tests.servers.process import HOST

_SECRET = "machine-secret-of-the-tests"


@contextmanager
def django_oauth_toolkit(path: str) -> Iterator[Running]:
    """
    Run django-oauth-toolkit and FastMCP.

    :param path: The path of the issuer, without slashes; empty for none.
    """
    port = free_port()
    base = f"http://{HOST}:{port}/{path}/" if path else f"http://{HOST}:{port}/"
    program = [str(interop_python("django-oauth-toolkit")), "-I", str(SERVERS / "django_server.py")]
    with (
        tempfile.TemporaryDirectory(prefix="valetkey-django-") as folder,
        client_document() as document,
        ServerProcess(
            [*program, folder, str(port), *filter(None, [path])],
            port,
            environment={"MACHINE_SECRET": _SECRET, "SSL_CERT_FILE": str(document.authority)},
            directory=ROOT,
        ),
        mcp_server_that_asks(base.rstrip("/"), base + "introspect/", ("mcp-server", _SECRET)) as server,
    ):
        yield Running(
            mcp_url=server.mcp_url,
            issuer=base.rstrip("/"),
            reject_tokens=lambda: server.post("/control/revoke-all"),
            settings={
                "CIMD": {"client_metadata_url": document.url},
                # Its metadata do not name this endpoint, and it registers no client for the grant.
                "device": {
                    "grant": "device_code",
                    "client_id": "television",
                    "device_authorization_endpoint": f"{base}device-authorization/",
                },
                **machine_settings(dict.fromkeys(("client_secret_basic", "client_secret_post"), "machine"), _SECRET),
            },
        )


def _profile(name: str, path: str) -> Profile:
    return Profile(
        name=name,
        versions=partial(python_versions, "django-oauth-toolkit", "django-oauth-toolkit", "Django", "oauthlib"),
        start=partial(django_oauth_toolkit, path),
        missing={"private_key_jwt": "The clients of django-oauth-toolkit have a secret or none."},
    )


AT_THE_ROOT = _profile("django-oauth-toolkit", "")
BELOW_A_PATH = _profile("django-oauth-toolkit, issuer with a path", "o")
