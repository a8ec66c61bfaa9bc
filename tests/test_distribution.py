# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What is published: the version, the metadata, the README on a package index, and the packages that a hint names."""

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.metadata import Metadata
from packaging.version import Version

import valetkey
from tests.hints.collected import PACKAGES, SOURCE

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RELATIVE_LINK = re.compile(r"\]\((?!https?://|mailto:|#)")
ADDRESSES = PYPROJECT["tool"]["hatch"]["metadata"]["hooks"]["custom"]


@pytest.fixture(scope="module")
def build():
    """The hook that computes metadata when the distribution is built."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def newest_section():
    sections = re.findall(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    return Version(sections[0])


def test_the_version_comes_from_git_and_belongs_to_the_newest_section_of_the_changelog():
    """`0.1.0.dev7` on the way to the release 0.1.0, and `0.1.0` at its tag."""
    assert Version(valetkey.__version__).base_version == newest_section().base_version
    assert Version(PYPROJECT["tool"]["hatch"]["version"]["raw-options"]["fallback_version"]) < newest_section()


def test_no_import_pays_for_the_version():
    """It is read from the installed metadata when it is asked for."""
    code = "import sys, valetkey; assert 'importlib.metadata' not in sys.modules; print(valetkey.__version__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == valetkey.__version__


def test_a_source_that_is_not_installed_says_so(tmp_path):
    code = f"import sys; sys.path[:] = [{str(SOURCE)!r}, *sys.path[1:4]]; import valetkey; print(valetkey.__version__)"
    command = [sys.executable, "-I", "-S", "-c", code]
    assert subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout == "0+unknown\n"


def test_on_a_package_index_no_link_of_the_readme_is_relative_and_its_words_stay(build):
    text = build.readme(README, "")
    assert RELATIVE_LINK.search(README)
    assert RELATIVE_LINK.search(text) is None
    assert "(why)" not in text
    assert "Real servers" in text


def test_with_a_repository_each_link_of_the_readme_leads_to_its_file_there(build):
    repository = "https://code.example/valetkey"
    text = build.readme(README, f"{repository}/")
    assert RELATIVE_LINK.search(text) is None
    targets = re.findall(rf"\]\({repository}/blob/HEAD/([^)#]+)", text)
    assert len(targets) == len(RELATIVE_LINK.findall(README))
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_code_of_the_readme_is_left_as_it_is(build):
    code = "```python\n[a](b)\n```\n"
    assert build.readme(f"[c](d)\n{code}[e](#f)", "") == f"c\n{code}[e](#f)"


def test_no_address_is_made_up_and_each_follows_from_one_constant(build):
    assert build.urls("", "") == {}
    assert build.urls("https://code.example/valetkey/", "https://docs.example/") == {
        "Documentation": "https://docs.example",
        "Source": "https://code.example/valetkey",
        "Issues": "https://code.example/valetkey/issues",
        "Changelog": "https://code.example/valetkey/blob/HEAD/CHANGELOG.md",
    }
    assert set(ADDRESSES) == {"repository", "documentation"}
    for address in ADDRESSES.values():
        assert address == "" or address.startswith("https://")


@pytest.mark.parametrize("repository", ["", "https://code.example/valetkey"])
def test_the_metadata_is_what_a_package_index_takes(build, repository, tmp_path):
    (tmp_path / "README.md").write_text(README, encoding="utf-8")
    fields = {"name": "valetkey", "version": "0.1.0"}
    build.Metadata(str(tmp_path), {"repository": repository, "documentation": repository}).update(fields)
    metadata = Metadata.from_raw(
        {
            "metadata_version": "2.4",
            "name": "valetkey",
            "version": "0.1.0",
            "summary": PROJECT["description"],
            "description": fields["readme"]["text"],
            "description_content_type": fields["readme"]["content-type"],
            "project_urls": fields["urls"],
            "license_expression": PROJECT["license"],
            "requires_python": PROJECT["requires-python"],
        },
        validate=True,
    )
    assert metadata.summary == PROJECT["description"]
    assert "\n" not in metadata.summary


def test_the_classifiers_name_the_versions_of_python_that_the_page_of_compatibility_has():
    page = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
    (row,) = re.findall(r"^\| Python \| (.+?) \|", page, re.MULTILINE)
    named = {
        found[1] for found in (re.fullmatch(r".*Python :: (3\.\d+)", each) for each in PROJECT["classifiers"]) if found
    }
    assert named == set(re.findall(r"3\.\d+", row))
    assert PROJECT["requires-python"] == f">={min(named, key=Version)}"


def test_every_extra_that_the_code_or_a_page_names_exists():
    places = [path for package in PACKAGES for path in (SOURCE / package).rglob("*.py")]
    places += [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.*")]
    named = {}
    for path in places:
        text = path.read_text(encoding="utf-8")
        for extras in re.findall(r"(?:valetkey|'\.|\")\[([a-z0-9,]+)\]", text):
            named |= dict.fromkeys(extras.split(","), path.name)
    assert {"crypto", "haystack", "httpx"} <= set(named)
    assert set(named) <= set(PROJECT["optional-dependencies"])


def test_every_package_that_a_hint_installs_is_this_one_or_one_that_there_is():
    """This name is on no index yet: pip takes the distribution that is installed, and fetches what its extra needs."""
    for package in PACKAGES:
        for path in (SOURCE / package).rglob("*.py"):
            for command in re.findall(r"pip install (\S+)", path.read_text(encoding="utf-8")):
                assert re.match(r"'valetkey\[(?:[a-z0-9,]+|\{\w+\})\]'|fastmcp\b", command), f"{path.name}: {command}"
