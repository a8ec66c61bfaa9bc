# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Reads the profiles, and finds them by issuer or by name."""

from dataclasses import fields
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from valetkey.errors import ConfigurationError
from valetkey.profiles.profile import NONE, STANDARD, Profile

AUTO = "auto"


def find_profile(choice: str, *, issuer: str) -> Profile:
    """
    Give the profile for an issuer; `STANDARD` where there is none.

    :raises ConfigurationError: If there is no profile of that name.
    """
    if choice == AUTO:
        return next((each for each in load_profiles().values() if each.is_for(issuer)), STANDARD)
    return require_profile(choice)


def require_profile(name: str) -> Profile:
    """
    Give the profile of a name.

    :raises ConfigurationError: If there is none.
    """
    if name in (NONE, AUTO):
        return STANDARD
    profile = load_profiles().get(name)
    if profile is None:
        message = f"There is no provider profile {name!r}."
        raise ConfigurationError(message, hint=f"Use one of {', '.join((AUTO, NONE, *load_profiles()))}.")
    return profile


@cache
def load_profiles() -> dict[str, Profile]:
    """Read the profiles of Valetkey, by name in alphabetical order."""
    return read_folder(resources.files("valetkey.profiles"))


def read_folder(folder: Traversable) -> dict[str, Profile]:
    """Read every TOML file of a folder as the profile that it is named after, in alphabetical order."""
    files = sorted((each for each in folder.iterdir() if each.name.endswith(".toml")), key=lambda each: each.name)
    profiles = (read_profile(each.name.removesuffix(".toml"), each.read_text("utf-8")) for each in files)
    return {profile.name: profile for profile in profiles}


def read_profile(name: str, text: str) -> Profile:
    """
    Read the TOML file of one profile.

    :raises ConfigurationError: If it has a member that no profile has, or one of the wrong type.
    """
    defaults = {field.name: field.default for field in fields(Profile) if field.name != "name"}
    import tomllib  # only where a profile is read

    members = tomllib.loads(text)
    for member, value in members.items():
        if member not in defaults or not _fits(member, value, defaults[member]):
            message = f"The provider profile {name!r} has a member {member!r} that is unknown, or of another type."
            raise ConfigurationError(message, hint="Correct the file.")
    return Profile(name=name, **{member: _plain(value) for member, value in members.items()})


def _fits(member: str, value: Any, default: Any) -> bool:
    if not isinstance(value, dict | list):
        return type(value) is type(default)
    items = value.values() if isinstance(value, dict) else value
    is_table = member == "authorization_parameters"
    kind = int if member == "forgotten_client_statuses" else str
    return isinstance(default, tuple) and is_table is isinstance(value, dict) and all(type(i) is kind for i in items)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple(value.items())
    return tuple(value) if isinstance(value, list) else value
