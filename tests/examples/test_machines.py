# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The examples for machines, which no person logs in: a CI job, a container, and a pipeline in YAML."""

import re

import pytest
import yaml

from haystack_integrations.tools.mcp_oauth import MCPToolset, OAuthConfig
from tests.examples.running import EXAMPLES, a_model, run
from tests.servers import MACHINE_CLIENT, browser_environment, fastmcp, fastmcp_with_oidc_provider

MACHINE_ID, MACHINE_SECRET = MACHINE_CLIENT


@pytest.fixture(scope="module")
def machines_server():
    with fastmcp_with_oidc_provider() as (server, issuer):
        yield server, issuer


def test_a_ci_job_calls_a_tool_with_its_secret(machines_server):
    server, issuer = machines_server
    names = {"MCP_URL": server.mcp_url, "MCP_ISSUER": issuer.url, "MCP_CLIENT_ID": MACHINE_ID}
    done = run("ci_job.py", **names, MCP_CLIENT_SECRET=MACHINE_SECRET)
    assert (done.returncode, done.stdout.strip()) == (0, "42"), done.stderr


def test_a_ci_job_without_its_secret_says_which_variable_is_missing(machines_server):
    server, issuer = machines_server
    done = run("ci_job.py", MCP_URL=server.mcp_url, MCP_ISSUER=issuer.url, MCP_CLIENT_ID=MACHINE_ID)
    assert done.returncode == 1
    assert "OAuthConfig.client_secret" in done.stderr
    assert "MCP_CLIENT_SECRET" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_container_uses_the_session_of_a_mounted_folder_and_asks_no_person(tmp_path):
    (tmp_path / "sessions").mkdir()
    store = f"sqlite:///{tmp_path / 'sessions' / 'credentials.db'}"
    visits = tmp_path / "visits.txt"
    with fastmcp("own") as server:
        names = {"MCP_URL": server.mcp_url, "VALETKEY_STORE": store}
        before = run("container/agent.py", **names)
        assert before.returncode == 1
        assert server.mcp_url in before.stderr
        assert "python agent.py login" in before.stderr
        assert "Traceback" not in before.stderr
        login = run("container/agent.py", "login", **names, **browser_environment(log=visits))
        assert "logged in at" in login.stdout, login.stderr
        for _ in range(2):
            done = run("container/agent.py", **names)
            assert (done.returncode, done.stdout.strip()) == (0, "42"), done.stderr
        assert len(visits.read_text("utf-8").splitlines()) == 1


def test_the_container_mounts_the_folder_that_its_program_uses():
    lines = (EXAMPLES / "container" / "Dockerfile").read_text("utf-8").splitlines()
    assert "ENV VALETKEY_STORE=sqlite:////sessions/credentials.db" in lines
    assert "COPY agent.py ." in lines


def test_a_pipeline_in_yaml_runs_its_agent_with_a_machines_tools(machines_server, tmp_path):
    server, issuer = machines_server
    text = (EXAMPLES / "pipeline" / "pipeline.yaml").read_text("utf-8")
    assert "null" not in text
    for name, here in {
        "https://mcp.example.com/mcp": server.mcp_url,
        "https://auth.example.com": issuer.url,
        "my-job": MACHINE_ID,
    }.items():
        assert text.count(name) == 1
        text = text.replace(name, here)
    (tmp_path / "pipeline.yaml").write_text(text, "utf-8")
    assert MACHINE_SECRET not in text
    with a_model() as model:
        secrets = {**model, "MCP_CLIENT_SECRET": MACHINE_SECRET}
        done = run("pipeline/run.py", str(tmp_path / "pipeline.yaml"), "What is 20 + 22?", **secrets)
    assert (done.returncode, done.stdout.strip()) == (0, "42"), done.stderr


def test_the_pipeline_is_as_haystack_writes_it():
    """What stands in the file is what a dump of the same toolset would have, and no more."""
    written = yaml.safe_load((EXAMPLES / "pipeline" / "pipeline.yaml").read_text("utf-8"))
    tools = written["components"]["agent"]["init_parameters"]["tools"]
    assert MCPToolset.from_dict(tools).to_dict()["data"]["server_info"] == tools["data"]["server_info"]


PAGE = (EXAMPLES.parent / "docs" / "machines.md").read_text("utf-8")
SNIPPETS = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


@pytest.mark.parametrize("snippet", SNIPPETS, ids=[" ".join(each) for each in SNIPPETS])
def test_the_yaml_of_the_page_about_machines_is_what_a_dump_would_have(snippet):
    assert OAuthConfig.from_dict(snippet).to_dict() == snippet
    assert len(SNIPPETS) == 4
