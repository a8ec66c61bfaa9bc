# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Every option is declared, typed, defaulted and documented once, and none is forgotten anywhere."""

from dataclasses import MISSING, fields

import pytest

from haystack_integrations.tools.mcp_oauth import OAuthConfig
from haystack_integrations.tools.mcp_oauth.config import NOT_IN_SETTINGS
from haystack_integrations.tools.mcp_oauth.upstream_config import ENGINE_NAMES
from valetkey import httpx, httpx2
from valetkey.settings import Options, Settings
from valetkey.settings.documentation import document, parameter_texts

OF_ITS_OWN_IN_HAYSTACK = {"client_name": "Haystack", "principal": None}
ONLY_IN_PYTHON = {"url": "a server info has it, and hands it to `to_settings`"}

OPTIONS, SETTINGS, CONFIG = ({each.name: each for each in fields(one)} for one in (Options, Settings, OAuthConfig))
KEYWORDS = httpx2.OAuth.__init__.__kwdefaults__
NOT_SETTINGS_OF_OAUTH = {"login", "store", "settings"}


def engine_names():
    return {ENGINE_NAMES.get(name, name) for name in CONFIG.keys() - NOT_IN_SETTINGS}


def test_every_setting_can_be_given_in_haystack():
    assert engine_names() == SETTINGS.keys() - ONLY_IN_PYTHON.keys()


def test_every_keyword_of_the_auth_object_is_a_setting():
    assert KEYWORDS.keys() - NOT_SETTINGS_OF_OAUTH <= SETTINGS.keys()


@pytest.mark.parametrize("owner", [Options, Settings, OAuthConfig])
def test_every_option_has_a_text_and_every_text_an_option(owner):
    assert parameter_texts(owner).keys() - SETTINGS.keys() - CONFIG.keys() == set()
    described = [line.split()[1].rstrip(":") for line in owner.__doc__.splitlines() if line.startswith(":param")]
    if owner is not Options:  # whose docstring is written by hand, and indented
        assert described == [each.name for each in fields(owner)]
    assert {each.name for each in fields(owner)} <= {*parameter_texts(owner)}


@pytest.mark.parametrize("oauth", [httpx.OAuth, httpx2.OAuth])
def test_every_keyword_of_the_auth_object_has_the_text_of_its_option(oauth):
    texts = parameter_texts(oauth)
    described = [line.split()[1].rstrip(":") for line in oauth.__doc__.splitlines() if line.startswith(":param")]
    assert described == ["url", *KEYWORDS]
    for name in KEYWORDS.keys() - NOT_SETTINGS_OF_OAUTH:
        assert texts[name] == parameter_texts(Settings)[name]


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_has_the_same_default_in_python_and_yaml(name):
    expected = OF_ITS_OWN_IN_HAYSTACK.get(name, OPTIONS[name].default)
    assert OPTIONS[name].default is not MISSING
    assert (SETTINGS[name].default, CONFIG[name].default) == (OPTIONS[name].default, expected)


def test_a_docstring_takes_the_texts_in_the_given_order_and_keeps_the_rest():
    class Taker:
        """
        Take something.

        :param own: Its own,
            in two lines.
        :raises ValueError: Never.
        """

    document(Taker, ("other", "own", "unknown"), {"other": "Of another.", **parameter_texts(Taker)})
    expected = "Take something.\n\n:param other: Of another.\n:param own: Its own,\n    in two lines.\n"
    assert Taker.__doc__ == expected + ":raises ValueError: Never."


def test_a_class_without_a_docstring_gets_none():
    """As with `python -OO`."""

    class Bare:
        pass

    document(Bare, ("name",), {"name": "Text."})
    assert Bare.__doc__ is None
