# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What can name a user, and one of a user's sessions. A name is compared character by character, and kept as it is."""

from valetkey.errors import ConfigurationError, quote

LONGEST = 512
"""The number of characters that a principal or a label may have."""


def require_principal(principal: object) -> str:
    """Refuse what cannot be the name of a user."""
    problem = "is empty, so it names no user" if isinstance(principal, str) and not principal.strip() else None
    hint = "Name the user by a short text, for example his user id."
    return _required(principal, "principal", problem or _problem_of(principal), hint)


def require_label(label: object) -> str:
    """Refuse what cannot be the label of a session."""
    hint = 'Name the session by a short text, such as label="work".'
    return _required(label, "label", _problem_of(label), hint)


def _problem_of(name: object) -> str | None:
    if not isinstance(name, str):
        return f"is of the type {type(name).__name__}"
    if len(name) > LONGEST:
        return f"has {len(name)} characters; at most {LONGEST} are allowed"
    return None if name.isprintable() else f"has characters that cannot be printed: {quote(name)}"


def _required(name: object, what: str, problem: str | None, hint: str) -> str:
    if problem is None and isinstance(name, str):
        return name
    message = f"A {what} {problem}."
    raise ConfigurationError(message, hint=hint)
