# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Every snippet of the README runs as it stands there; only its example addresses lead to servers on this machine."""

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
_SNIPPETS = re.findall(r"```python\n(.*?)```", _README, re.DOTALL)


def snippet(word: str) -> str:
    found = [text for text in _SNIPPETS if word in text]
    assert len(found) == 1, f"the README has {len(found)} snippets with {word!r}"
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
    words = (
        "for tool in toolset",
        "my-job",
        "0123456789",
        "asyncio.run",
        "workload_token",
        "server.login()",
        "auth.login()",
        "certificate_authorities",
        'login="link"',
    )
    assert len({snippet(word) for word in words}) == len(_SNIPPETS) == 9


def test_a_service_is_configured_with_its_web_app(tmp_path: Path) -> None:
    code = snippet('login="link"') + "\nprint(config.to_settings('https://mcp.example.com/mcp').answer_address)"
    assert run(code, tmp_path) == "https://bot.example.com/mcp-oauth/callback\n"


def test_network_settings_are_taken(tmp_path: Path) -> None:
    run(snippet("certificate_authorities"), tmp_path, GATEWAY_KEY="a")


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
        code = at(server, snippet("server.login()")) + "\nprint(server.found)\ntoolset.close()"
        found, logout, after = run(code, tmp_path).splitlines()
        assert found.startswith("OAuthConfig(")
        assert server.url in found
        assert "revoked=True" in logout
        assert after == "None"
        assert visits(tmp_path) == 1


def test_a_client_registered_by_hand_is_configured(tmp_path: Path) -> None:
    assert run(snippet("0123456789") + "\nprint(config.redirect_uri)", tmp_path) == "http://127.0.0.1:8765/callback\n"


def test_a_workload_an_employee_and_a_key_are_configured(tmp_path: Path) -> None:
    code = snippet("workload_token") + (
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
        code = at(server, snippet("auth.login()"))
        assert "logged in at" in run(code, tmp_path)
        assert "logged in at" in run(code, tmp_path)
        assert visits(tmp_path) == 2  # the logout between them has ended the session


@pytest.mark.parametrize("path", re.findall(r"\]\(((?:docs|[A-Z]+)[^)]*)\)", _README))
def test_every_link_into_the_repository_leads_somewhere(path: str) -> None:
    assert (_ROOT / path).exists()
