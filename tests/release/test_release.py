# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What a user gets: the built distribution, installed without its repository on each Python of this machine.

`make test-release` runs it; `make test-release PYTHONS=3.11` on that version alone.
"""

import json
import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.metadata import Metadata

from tests.docs.test_api import TABLE
from tests.release.interpreters import chosen
from tests.servers import browser_environment, fastmcp

ROOT = Path(__file__).parent.parent.parent
LONGEST_STEP = 300
EXTRAS = sorted(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"])
NEEDS_AN_EXTRA = {
    "valetkey.httpx": "valetkey[httpx]",
    "valetkey.store.backends.redis": "redis",
    "valetkey.store.backends.postgres": "psycopg",
    "haystack_integrations.tools.mcp_oauth": "valetkey[haystack]",
    "haystack_integrations.tools.mcp_oauth.web": "valetkey[haystack]",
}
"""What a bare installation cannot import, and a word of the error that says what to install."""
UV = str(Path(sys.executable).parent / "uv")


def run(*command, folder, **environment):
    """Run a program outside of the repository, as if it were not there."""
    unset = {"PYTHONPATH", "VALETKEY_STORE", "VIRTUAL_ENV"}
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    return subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={**kept, "HOME": str(folder), "UV_CACHE_DIR": str(cache()), **environment},
        capture_output=True,
        text=True,
        timeout=LONGEST_STEP,
        check=False,
    )


def cache():
    done = subprocess.run([UV, "cache", "dir"], capture_output=True, text=True, timeout=LONGEST_STEP, check=True)
    return Path(done.stdout.strip())


def succeeds(*command, folder, **environment):
    done = run(*command, folder=folder, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sdist, and the wheel that is built of the sdist alone."""
    folder = tmp_path_factory.mktemp("dist")
    succeeds(UV, "build", "--quiet", "--out-dir", folder, ROOT, folder=folder)
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    return wheel, sdist


def environment(folder, python, *requirements, seed=False):
    """Make an environment with what is named, and give its folder of programs."""
    succeeds(UV, "venv", "--quiet", *(["--seed"] if seed else []), "--python", python, folder / "env", folder=folder)
    programs = folder / "env" / "bin"
    succeeds(UV, "pip", "install", "--quiet", "--python", programs / "python", *requirements, folder=folder)
    return programs


def files_of(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def metadata_of(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return Metadata.from_email(archive.read(name), validate=True)


def imported(programs, folder, *options):
    code = Path(__file__).with_name("imported.py")
    return json.loads(succeeds(programs / "python", *options, code, json.dumps(sorted(TABLE)), folder=folder))


def test_the_wheel_has_the_files_of_the_source_and_no_other(built):
    source = ROOT / "src"
    tracked = succeeds("git", "-C", ROOT, "ls-files", "src", folder=ROOT).splitlines()
    assert files_of(built[0]) == {str((ROOT / name).relative_to(source)) for name in tracked}


def test_the_sdist_has_what_builds_and_tests_it_and_nothing_that_was_made_here(built):
    with tarfile.open(built[1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"README.md", "LICENSE", "CHANGELOG.md", "hatch_build.py", "Makefile", "docs/conf.py"} <= names
    assert [name for name in names if "node_modules" in name or "__pycache__" in name] == []
    assert [name for name in names if name.startswith((".venv", "docs/reference", "build/"))] == []


def test_the_metadata_is_valid_and_the_readme_has_no_link_that_only_the_repository_has(built):
    metadata = metadata_of(built[0])
    assert metadata.name == "valetkey"
    assert metadata.description_content_type == "text/markdown"
    assert "](docs/" not in metadata.description
    assert sorted(metadata.provides_extra) == EXTRAS
    assert str(metadata.version) in built[1].name


@pytest.mark.parametrize(("version", "python"), chosen().items(), ids=chosen())
def test_without_extras_a_user_logs_in_and_each_error_of_an_import_names_the_extra(version, python, built, tmp_path):
    programs = environment(tmp_path, python, built[0])
    failed = imported(programs, tmp_path, "-W", "error")
    assert set(failed) == set(NEEDS_AN_EXTRA)
    for module, word in NEEDS_AN_EXTRA.items():
        assert word in failed[module]
    assert version in succeeds(programs / "python", "--version", folder=tmp_path)
    expected = f"valetkey {metadata_of(built[0]).version}\n"
    assert succeeds(programs / "valetkey", "--version", folder=tmp_path) == expected
    assert "login" in succeeds(programs / "python", "-m", "valetkey", "--help", folder=tmp_path)
    store = {"VALETKEY_STORE": f"sqlite:///{tmp_path / 'credentials.db'}"}
    with fastmcp("own") as server:
        succeeds(programs / "valetkey", "login", server.mcp_url, folder=tmp_path, **store, **browser_environment())
        assert server.mcp_url in succeeds(programs / "valetkey", "status", "--json", folder=tmp_path, **store)
        succeeds(programs / "valetkey", "logout", server.mcp_url, folder=tmp_path, **store)


@pytest.mark.parametrize(("version", "python"), chosen().items(), ids=chosen())
def test_with_every_extra_all_is_imported_and_haystack_has_its_tools(version, python, built, tmp_path):
    programs = environment(tmp_path, python, f"valetkey[{','.join(EXTRAS)}] @ {built[0].as_uri()}", seed=True)
    assert imported(programs, tmp_path) == {}
    code = (
        "import sys\n"
        "from haystack_integrations.tools.mcp_oauth import MCPToolset, StreamableHttpServerInfo\n"
        "toolset = MCPToolset(StreamableHttpServerInfo(url=sys.argv[1]))\n"
        "toolset.warm_up()\n"
        "print([tool.name for tool in toolset])\n"
        "toolset.close()\n"
    )
    store = {"VALETKEY_STORE": f"sqlite:///{tmp_path / 'credentials.db'}", "HAYSTACK_TELEMETRY_ENABLED": "False"}
    with fastmcp("own") as server:
        told = succeeds(
            *(programs / "python", "-c", code, server.mcp_url), folder=tmp_path, **store, **browser_environment()
        )
    assert "whoami" in told
    # What the hints say, where no index has the name: pip takes what is installed.
    hint = f"valetkey[{','.join(EXTRAS)}]"
    succeeds(*(programs / "python", "-m", "pip", "install", "--no-index", hint), folder=tmp_path)


def test_the_sdist_installs_what_the_wheel_has(built, tmp_path):
    programs = environment(tmp_path, sys.executable, built[1])
    (site,) = (tmp_path / "env" / "lib").glob("python*/site-packages")
    assert [name for name in files_of(built[0]) if not (site / name).exists()] == []
    assert succeeds(programs / "valetkey", "--version", folder=tmp_path)


def test_uvx_runs_the_command_line_without_an_installation(built, tmp_path):
    command = [Path(UV).with_name("uvx"), "--quiet", "--from", built[0], "valetkey", "--version"]
    assert succeeds(*command, folder=tmp_path) == f"valetkey {metadata_of(built[0]).version}\n"
