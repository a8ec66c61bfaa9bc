# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
On which kind of computer this program runs, as far as it matters for the answer of a login: where loopback leads.

The link of a login leads back to 127.0.0.1, which is the computer of the browser. An editor forwards the port of this
computer to it, SSH does if it is told to, a container only if the port is published.
"""

from collections.abc import Callable, Mapping
from enum import Enum

_CONTAINER_FILES = ("/.dockerenv", "/run/.containerenv")
"""What Docker and Podman put into each container."""


class Surroundings(Enum):
    """Where the browser of the person may be, seen from here."""

    HERE = "a computer with a person in front of it, as far as can be told"
    CODESPACE = "a GitHub codespace"
    GITPOD = "a Gitpod workspace"
    EDITOR = "a computer that a person's editor is connected to"
    SSH = "a computer that a person is connected to with SSH"
    WSL = "a Linux under Windows"
    CONTAINER = "a container"

    @property
    def is_forwarded(self) -> bool:
        """True if the editor there forwards ports to the person's computer by itself."""
        return self in (Surroundings.CODESPACE, Surroundings.GITPOD, Surroundings.EDITOR)

    @property
    def may_lose_answers(self) -> bool:
        """True if a browser that was opened from here may not reach 127.0.0.1 of this computer."""
        return self not in (Surroundings.HERE, Surroundings.CONTAINER)


_SIGNS: tuple[tuple[Surroundings, tuple[str, ...]], ...] = (
    (Surroundings.CODESPACE, ("CODESPACES", "CODESPACE_NAME", "GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN")),
    (Surroundings.GITPOD, ("GITPOD_WORKSPACE_ID", "GITPOD_INSTANCE_ID")),
    (Surroundings.WSL, ("WSL_DISTRO_NAME", "WSL_INTEROP")),  # the editor sets its sign there too
    (Surroundings.EDITOR, ("VSCODE_IPC_HOOK_CLI", "REMOTE_CONTAINERS", "REMOTE_CONTAINERS_IPC")),
    (Surroundings.SSH, ("SSH_CONNECTION",)),
    (Surroundings.CONTAINER, ("KUBERNETES_SERVICE_HOST", "container")),  # podman and systemd-nspawn set `container`
)
"""From the first to the last: the variables that say it."""


def surroundings_of(environment: Mapping[str, str], exists: Callable[[str], bool]) -> Surroundings:
    """Tell the surroundings by the environment of this process, and by files."""
    for surroundings, names in _SIGNS:
        if any(environment.get(name) for name in names):
            return surroundings
    return Surroundings.CONTAINER if any(map(exists, _CONTAINER_FILES)) else Surroundings.HERE
