# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Snippets of the README and its first pages run as they stand; only the addresses lead to servers on this machine."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.threads import LONGEST_WAIT
from tests.servers import MACHINE_CLIENT, RunningServer, browser_environment, fastmcp, fastmcp_with_oidc_provider

_ROOT = Path(__file__).parent.parent.parent
_README = (_ROOT / "README.md").read_text(encoding="utf-8")


def snippets(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (_ROOT / page).read_text(encoding="utf-8"), re.DOTALL)


def snippet(word: str, page: str = "README.md") -> str:
    found = [text for text in snippets(page) if word in text]
    assert len(found) == 1, f"{page} has {len(found)} snippets with {word!r}"
    return found[0]


def run(code: str, folder: Path, **environment: str) -> str:
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={
            **os.environ,
            "VALETKEY_STORE": f"sqlite:///{folder / 'credentials.db'}",
            **browser_environment(log=folder / "visits.txt"),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=LONGEST_WAIT,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def at(server: RunningServer, code: str) -> str:
    return code.replace("https://mcp.example.com/mcp", server.mcp_url)


def visits(folder: Path) -> int:
    log = folder / "visits.txt"
    return len(log.read_text(encoding="utf-8").splitlines()) if log.exists() else 0


def test_no_snippet_is_left_out() -> None:
    words = ("for tool in toolset", "my-job", "asyncio.run")
    assert len({snippet(word) for word in words}) == len(snippets("README.md")) == 3
    assert len(snippets("docs/clients.md")) == 2
    assert len(snippets("docs/machines.md")) == 1


def test_a_client_of_httpx_gets_in_and_the_answer_is_shown(tmp_path: Path) -> None:
    code = snippet("HELLO", "docs/clients.md")
    with fastmcp("own") as server:
        for library in ("httpx2", "httpx"):
            assert run(at(server, code).replace("httpx2", library), tmp_path).startswith("200 event: message")
        assert visits(tmp_path) == 1


def test_the_main_job_lists_the_tools_after_one_login(tmp_path: Path) -> None:
    with fastmcp("own") as server:
        code = at(server, snippet("for tool in toolset")) + "\ntoolset.close()"
        assert "whoami" in run(code, tmp_path)
        assert "whoami" in run(code, tmp_path)
        assert visits(tmp_path) == 1


def test_a_machine_gets_in_with_its_secret_and_without_a_browser(tmp_path: Path) -> None:
    with fastmcp_with_oidc_provider() as (server, issuer):
        code = at(server, snippet("my-job")).replace("https://auth.example.com", issuer.url)
        code = code.replace("my-job", MACHINE_CLIENT[0]) + "\nprint(len(toolset.tools))\ntoolset.close()"
        assert int(run(code, tmp_path, MCP_CLIENT_SECRET=MACHINE_CLIENT[1])) > 1
        assert visits(tmp_path) == 0


def test_a_login_ahead_shows_what_was_found_and_a_logout_ends_it(tmp_path: Path) -> None:
    """Row J8."""
    with fastmcp("own") as server:
        code = (
            at(server, snippet("server.login()", "docs/scripts-and-notebooks.md"))
            + "\nprint(server.found)\ntoolset.close()"
        )
        found, logout, after = run(code, tmp_path).splitlines()
        assert found.startswith("OAuthConfig(")
        assert server.url in found
        assert "revoked=True" in logout
        assert after == "None"
        assert visits(tmp_path) == 1


def test_a_workload_an_employee_and_a_key_are_configured(tmp_path: Path) -> None:
    code = snippet("workload_token", "docs/machines.md") + (
        "\nfor config in (workload, employee, signing):"
        "\n    print(config.to_settings('https://mcp.example.com/mcp').chosen_grant)"
    )
    printed = run(code, tmp_path, MCP_CLIENT_SECRET="s", LOGIN_CLIENT_SECRET="s", ID_TOKEN="t")
    assert printed.split() == ["workload_identity", "enterprise_managed", "client_credentials"]


def test_the_page_about_client_documents_shows_what_its_snippet_prints(tmp_path: Path) -> None:
    page = (_ROOT / "docs" / "client-document.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (shown,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert run(code, tmp_path).strip() == shown.strip()


def test_the_auth_object_works_with_the_sdk_alone_and_a_tool_may_be_slow(tmp_path: Path) -> None:
    """Row E3."""
    opening = "await session.initialize()\n"
    slow = opening + " " * 16 + "print(await session.call_tool('slow', {'seconds': 5.5}))\n"
    with fastmcp("own") as server:
        printed = run(at(server, snippet("asyncio.run")).replace(opening, slow), tmp_path)
    assert "after 5.5 s" in printed
    assert "whoami" in printed


def examples() -> dict[str, str]:
    """Everything that a user may copy: the snippets of each page, and the programs."""
    found = {str(path.name): path.read_text("utf-8") for path in (_ROOT / "examples").rglob("*.py")}
    for page in [_ROOT / "README.md", *(_ROOT / "docs").rglob("*.md")]:
        snippets = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
        found |= {f"{page.name} {number}": text for number, text in enumerate(snippets, 1)}
    return found


@pytest.mark.parametrize("name", examples())
def test_no_example_has_an_http_client_that_gives_a_slow_tool_up(name: str) -> None:
    """Row E3."""
    assert "AsyncClient(" not in examples()[name]


def test_a_login_ahead_of_time_shows_the_session_and_a_logout_ends_it(tmp_path: Path) -> None:
    with fastmcp("own") as server:
        code = at(server, snippet("auth.login()", "docs/clients.md"))
        assert "logged in at" in run(code, tmp_path)
        assert "logged in at" in run(code, tmp_path)
        assert visits(tmp_path) == 2  # the logout between them has ended the session


@pytest.mark.parametrize("path", re.findall(r"\]\(((?:docs|[A-Z]+)[^)]*)\)", _README))
def test_every_link_into_the_repository_leads_somewhere(path: str) -> None:
    assert (_ROOT / path.partition("#")[0]).exists()
