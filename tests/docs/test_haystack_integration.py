# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What Haystack's site wants of an integration: the text of its tile, and a configuration for its reference.

haystack-pydoc-tools reads the source without importing it, and shows what has a docstring, with the fields of reST.
"""

import dataclasses
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from haystack_integrations.tools import mcp_oauth
from haystack_integrations.tools.mcp_oauth import MCPToolset, web
from tests.examples.running import a_model, environment_of
from tests.fakes.threads import LONGEST_WAIT
from tests.servers import MACHINE_CLIENT, browser_environment, fastmcp, fastmcp_with_oidc_provider

DOCS = Path(__file__).parent.parent.parent / "docs"
TILE = (DOCS / "haystack-integration.md").read_text("utf-8")
_, FRONT_MATTER, TEXT = TILE.split("---\n", 2)
FIELDS = yaml.safe_load(FRONT_MATTER)
SNIPPETS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
CONFIGURATION = DOCS / "pydoc" / "config_docusaurus.yml"
CONFIGURED = yaml.safe_load(CONFIGURATION.read_text("utf-8"))
(LOADER,) = CONFIGURED["loaders"]
MODULES = LOADER["modules"]
PUBLIC = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in (mcp_oauth, web)
    for name in module.__all__
    if getattr(module, name).__module__.startswith(mcp_oauth.__name__)
}
"""The public names that are defined here; the others are upstream's."""


def test_the_front_matter_has_what_the_index_of_integrations_requires():
    required = {"layout", "name", "description", "authors", "type", "version", "toc"}
    assert required <= FIELDS.keys()
    assert FIELDS.keys() & {"pypi", "repo"}
    assert (FIELDS["layout"], FIELDS["type"], FIELDS["version"]) == ("integration", "Tool Integration", "Haystack 2.0")
    assert all(author["name"] for author in FIELDS["authors"])


def test_the_table_of_contents_names_the_sections():
    contents = re.findall(r"^- \[(.+)\]\(#(.+)\)$", TEXT, re.MULTILINE)
    assert [title for title, _ in contents] == re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
    assert [anchor for _, anchor in contents] == [title.lower() for title, _ in contents]


def test_the_names_in_the_overview_are_public():
    table = re.findall(r"^\| (`.+?`) \|", TEXT, re.MULTILINE)
    names = [name for cell in table for name in re.findall(r"`([\w.]+)`", cell)]
    assert len(names) == 9
    assert {f"{mcp_oauth.__name__}.{name}" for name in names} <= PUBLIC.keys()


def run(code, folder, **environment):
    store = {"VALETKEY_STORE": f"sqlite:///{folder / 'credentials.db'}"}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment_of({**store, **environment}),
        capture_output=True,
        text=True,
        timeout=LONGEST_WAIT,
        check=False,
    )


def at(server, code):
    return code.replace("https://mcp.example.com/mcp", server.mcp_url)


def test_the_snippets_run(tmp_path):
    script, machine, many_users = SNIPPETS
    visits = tmp_path / "visits.txt"
    with fastmcp("own") as server, a_model() as model:
        done = run(at(server, script), tmp_path, **model, **browser_environment(log=visits))
        assert (done.stdout.strip(), len(visits.read_text("utf-8").splitlines())) == ("42", 1), done.stderr
        done = run(at(server, many_users), tmp_path)
        assert re.fullmatch(r"alice https://bot.example.com/mcp-oauth/start/[\w-]+\n", done.stdout), done.stderr
    with fastmcp_with_oidc_provider() as (server, issuer):
        name, secret = MACHINE_CLIENT
        code = at(server, machine).replace("https://auth.example.com", issuer.url).replace("my-job", name)
        done = run(code, tmp_path, MCP_CLIENT_SECRET=secret)
        assert done.stdout.strip() == "['whoami', 'add', 'slow', 'fail']", done.stderr


def test_the_yaml_is_what_a_dump_would_have():
    (text,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    written, dumped = yaml.safe_load(text), MCPToolset.from_dict(yaml.safe_load(text)).to_dict()
    assert dumped["type"] == written["type"]
    assert dumped["data"]["server_info"] == written["data"]["server_info"]


@pytest.mark.parametrize("name", MODULES)
def test_each_module_of_the_configuration_is_where_the_tool_looks_for_it(name):
    (folder,) = LOADER["search_path"]
    source = (CONFIGURATION.parent / folder).resolve() / f"{name.replace('.', '/')}.py"
    assert source == Path(importlib.import_module(name).__file__).resolve()


def test_the_configuration_names_what_the_tool_reads_of_it():
    renderer = CONFIGURED["renderer"]
    assert renderer["id"] == "integrations-mcp-oauth"
    assert renderer["markdown"]["filename"] == "mcp_oauth.md"
    assert {"title", "description"} <= renderer.keys()
    assert {"type": "filter", "documented_only": True, "skip_empty_modules": True} in CONFIGURED["processors"]


def test_the_reference_shows_every_public_name_of_the_package():
    """And what a source of tokens has to have, which is the name of no class that a user imports."""
    assert {name: item.__module__ for name, item in PUBLIC.items() if item.__module__ not in MODULES} == {}
    assert set(MODULES) - {item.__module__ for item in PUBLIC.values()} == {f"{mcp_oauth.__name__}.token_source"}


def parameters_of(item):
    """Give what may be given to a class or a function, by name."""
    named = set(inspect.signature(item).parameters)
    return named | {each.name for each in dataclasses.fields(item)} if dataclasses.is_dataclass(item) else named


@pytest.mark.parametrize("name", PUBLIC)
def test_the_docstring_of_a_public_name_describes_parameters_that_there_are(name):
    item = PUBLIC[name]
    assert item.__doc__.strip()
    described = set(re.findall(r"^\s*:param (\w+):", item.__doc__, re.MULTILINE))
    assert described <= parameters_of(item)
    for method in vars(item).values() if inspect.isclass(item) else ():
        if inspect.isfunction(method) and not method.__name__.startswith("_"):
            text = method.__doc__ or ""
            assert text.strip(), method
            assert set(re.findall(r":param (\w+):", text)) == set(inspect.signature(method).parameters) - {"self"}
