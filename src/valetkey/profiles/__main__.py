# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Prints every provider profile: `python -m valetkey.profiles`."""

import sys
from dataclasses import fields

from valetkey.profiles.catalog import load_profiles
from valetkey.profiles.profile import STANDARD, Profile

_ABOUT = frozenset({"name", "issuers", "hint", "evidence"})


def describe(profile: Profile) -> str:
    """Write a section in Markdown: what a profile is for, and what it sets."""
    changed = (field.name for field in fields(Profile) if field.name not in _ABOUT)
    sets = [f"`{_assignment(name, profile)}`" for name in changed if getattr(profile, name) != getattr(STANDARD, name)]
    lines = (
        f"### {profile.name}",
        f"For {', '.join(f'`{issuer}`' for issuer in profile.issuers)}. Sets {', '.join(sets) or 'nothing'}.",
        profile.hint,
        f"Known from {', '.join(f'<{link}>' for link in profile.evidence)}.",
    )
    return "\n\n".join(lines)


def _assignment(name: str, profile: Profile) -> str:
    value = getattr(profile, name)
    if not isinstance(value, tuple):
        return f"{name} = {str(value).lower()}"
    return f"{name} = {', '.join('='.join(each) if isinstance(each, tuple) else str(each) for each in value)}"


def main() -> None:
    """Print them all."""
    sys.stdout.write("\n\n".join(map(describe, load_profiles().values())) + "\n")


if __name__ == "__main__":
    main()
