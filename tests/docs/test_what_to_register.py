# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The page for users who have to register a client by hand agrees with the profiles, and its options fit together."""

import re
from pathlib import Path

import pytest

from valetkey.profiles.catalog import load_profiles

PAGE = (Path(__file__).parent.parent.parent / "docs" / "what-to-register.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", PAGE, re.MULTILINE))
TITLES = {
    "asana": "Asana",
    "auth0": "Auth0",
    "cognito": "Amazon Cognito",
    "entra": "Microsoft Entra ID",
    "figma": "Figma",
    "github": "GitHub",
    "google": "Google",
    "hubspot": "HubSpot",
    "slack": "Slack",
    "supabase": "Supabase",
}
SNIPPETS = {title: re.findall(r"```python\n(.*?)```", text, re.DOTALL) for title, text in SECTIONS.items()}


def test_each_profile_has_a_section():
    assert set(TITLES) == set(load_profiles())
    assert set(SECTIONS) == {*TITLES.values(), "Any other"}


@pytest.mark.parametrize("name", TITLES)
def test_a_section_names_the_pages_and_options_of_the_profiles_hint(name):
    hint, section = load_profiles()[name].hint, SECTIONS[TITLES[name]]
    for address in re.findall(r"https?://[^\s,;)]+", hint):
        assert address.rstrip(".") in section
    for option in re.findall(r"\b(?:client_id|client_secret|redirect_uri=|scope=|resource=)", hint):
        assert option.rstrip("=") in section


@pytest.mark.parametrize("title", [title for title, snippets in SNIPPETS.items() if snippets])
def test_the_options_of_a_section_let_a_person_log_in(title, monkeypatch):
    (code,) = SNIPPETS[title]
    for variable in re.findall(r'environ\["(\w+)"\]', code):
        monkeypatch.setenv(variable, "s3cret")
    names = {}
    exec(code, names)  # noqa: S102 - a snippet of our own page
    assert names["auth"].engine.settings.chosen_grant == "authorization_code"


def test_a_secret_is_given_without_issuer_only_where_the_catalogue_names_it():
    """A pattern with `*` names no issuer: the secret would have to wait for `issuer=`."""
    for name, title in TITLES.items():
        for code in SNIPPETS[title]:
            if "client_secret=" in code:
                assert not any("*" in issuer for issuer in load_profiles()[name].issuers)
