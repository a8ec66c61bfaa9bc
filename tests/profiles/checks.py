# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What every profile has to fulfil by itself, so that a new file is no concern of the profiles beside it."""

import re
from collections.abc import Iterator, Mapping

from valetkey.profiles.profile import STANDARD, Profile

OWN_PARAMETERS = frozenset(
    {
        "response_type",
        "client_id",
        "redirect_uri",
        "state",
        "code_challenge",
        "code_challenge_method",
        "resource",
    }
)
"""Parameters that protect a login."""


def faults(profiles: Mapping[str, Profile], issuers: Mapping[str, str], others: tuple[str, ...]) -> dict[str, set[str]]:
    """
    List what is wrong with each profile, by its name; a profile without a fault is left out.

    :param issuers: Real issuers, and the names of their profiles.
    :param others: Issuers that no profile is for.
    """
    listed = {name: set(_faults(name, profiles, issuers, others)) for name in profiles}
    return {name: each for name, each in listed.items() if each}


def _faults(
    name: str, profiles: Mapping[str, Profile], issuers: Mapping[str, str], others: tuple[str, ...]
) -> Iterator[str]:
    profile = profiles[name]
    if not profile.evidence:
        yield "it has no evidence"
    if not all(re.fullmatch(r"https://[\w./@-]+", link) for link in profile.evidence):
        yield "its evidence is no list of links"
    if not profile.hint.endswith("."):
        yield "it does not say what a person has to do first"
    if OWN_PARAMETERS & dict(profile.authorization_parameters).keys():
        yield "it replaces a parameter that protects the login"
    if len(set(profile.issuers)) != len(profile.issuers):
        yield "it names an issuer twice"
    for issuer, owner in issuers.items():
        if profile.is_for(issuer) and owner != name:
            yield f"it is for an issuer of {owner}"
    for issuer in others:
        if profile.is_for(issuer):
            yield f"it is for {issuer!r}"
    for pattern in profile.issuers:
        alone = Profile(name="alone", issuers=(pattern,))
        if not any(alone.is_for(issuer) for issuer, owner in issuers.items() if owner == name):
            yield f"ISSUERS in test_profiles.py has no issuer for {pattern}"


def changed_members(profile: Profile) -> set[str]:
    """The members in which a profile differs from the specifications."""
    return {name for name in Profile.__dataclass_fields__ if getattr(profile, name) != getattr(STANDARD, name)}
