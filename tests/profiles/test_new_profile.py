# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A profile for a new provider is one file, and changes nothing for the providers that have one already."""

import shutil
from importlib import resources

import pytest

from tests.profiles.checks import faults
from tests.profiles.test_profiles import ISSUERS, OTHERS
from valetkey.profiles.__main__ import describe
from valetkey.profiles.catalog import load_profiles, read_folder

ISSUER = "https://login.acme.example/tenant"
FILE = """
issuers = ["https://login.acme.example/*"]
send_audience = true
hint = "Create an app in the console of Acme, and give client_id."
evidence = ["https://github.com/acme/mcp/issues/1"]
"""


@pytest.fixture
def folder(tmp_path):
    """A copy of the folder of profiles."""
    for each in resources.files("valetkey.profiles").iterdir():
        if each.name.endswith(".toml"):
            shutil.copy(each, tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["acme", "zitadel"])
def test_a_new_file_is_a_new_profile_and_leaves_the_others_as_they_are(folder, name):
    (folder / f"{name}.toml").write_text(FILE)
    profiles = read_folder(folder)
    new = profiles.pop(name)
    assert profiles == load_profiles()
    assert [describe(each) for each in profiles.values()] == [describe(each) for each in load_profiles().values()]
    assert new.is_for(ISSUER)
    assert not any(new.is_for(issuer) for issuer in (*ISSUERS, *OTHERS))


def test_its_own_issuer_in_the_tests_is_all_that_the_checks_ask_for(folder):
    (folder / "acme.toml").write_text(FILE)
    profiles = read_folder(folder)
    assert faults(profiles, {**ISSUERS, ISSUER: "acme"}, OTHERS) == {}
    assert faults(profiles, ISSUERS, OTHERS) == {
        "acme": {"ISSUERS in test_profiles.py has no issuer for https://login.acme.example/*"}
    }


@pytest.mark.parametrize(
    ("line", "changed", "fault"),
    [
        ('evidence = ["https://github.com/acme/mcp/issues/1"]', "", "it has no evidence"),
        ("https://github.com/acme/mcp/issues/1", "a colleague", "its evidence is no list of links"),
        (", and give client_id.", "", "it does not say what a person has to do first"),
        (
            "send_audience = true",
            'authorization_parameters = { state = "mine" }',
            "it replaces a parameter that protects the login",
        ),
        ('"https://login.acme.example/*"', f'"{ISSUER}", "{ISSUER}"', "it names an issuer twice"),
        ('/*"]', '/*", "https://tenant.auth0.com"]', "it is for an issuer of auth0"),
    ],
)
def test_a_fault_of_a_new_profile_is_told_of_that_one_alone(folder, line, changed, fault):
    assert line in FILE
    (folder / "acme.toml").write_text(FILE.replace(line, changed))
    told = faults(read_folder(folder), {**ISSUERS, ISSUER: "acme"}, OTHERS)
    assert told.keys() == {"acme"}
    assert fault in told["acme"]
