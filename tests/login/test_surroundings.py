# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Where this program runs, told by its environment and by files."""

import pytest

from valetkey.login.surroundings import Surroundings, surroundings_of


def nothing(_path):
    return False


@pytest.mark.parametrize(
    ("environment", "surroundings"),
    [
        ({}, "HERE"),
        ({"SSH_CONNECTION": ""}, "HERE"),
        ({"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}, "SSH"),
        ({"CODESPACES": "true", "VSCODE_IPC_HOOK_CLI": "/run/x", "SSH_CONNECTION": "x"}, "CODESPACE"),
        ({"CODESPACE_NAME": "x"}, "CODESPACE"),
        ({"GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN": "app.github.dev"}, "CODESPACE"),
        ({"GITPOD_WORKSPACE_ID": "x", "VSCODE_IPC_HOOK_CLI": "/run/x"}, "GITPOD"),
        ({"VSCODE_IPC_HOOK_CLI": "/run/x", "SSH_CONNECTION": "x"}, "EDITOR"),
        ({"REMOTE_CONTAINERS": "true"}, "EDITOR"),
        ({"WSL_DISTRO_NAME": "Debian", "VSCODE_IPC_HOOK_CLI": "/run/x"}, "WSL"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "CONTAINER"),
        ({"container": "podman"}, "CONTAINER"),
    ],
)
def test_the_environment_says_it(environment, surroundings):
    assert surroundings_of(environment, nothing) is Surroundings[surroundings]


@pytest.mark.parametrize("file", ["/.dockerenv", "/run/.containerenv"])
def test_so_does_a_file_that_a_container_has(file):
    assert surroundings_of({}, {file}.__contains__) is Surroundings.CONTAINER
    assert surroundings_of({"SSH_CONNECTION": "x"}, {file}.__contains__) is Surroundings.SSH


def test_what_an_editor_forwards_and_where_an_answer_may_be_lost():
    assert [each.name for each in Surroundings if each.is_forwarded] == ["CODESPACE", "GITPOD", "EDITOR"]
    assert [each.name for each in Surroundings if not each.may_lose_answers] == ["HERE", "CONTAINER"]
