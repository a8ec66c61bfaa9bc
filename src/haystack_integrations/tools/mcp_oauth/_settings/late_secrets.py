# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Secrets of Haystack: a reference until it is used, which is when its environment variable is read."""

from typing import Any

from haystack.utils import Secret

from valetkey import values
from valetkey.errors import ConfigurationError


def resolve(given: Any, name: str) -> Any:
    """
    Give the value of a field to the engine, whatever the field.

    :raises ConfigurationError: If a secret is empty.
    """
    if isinstance(given, Secret):
        return require_secret(given, name)
    if hasattr(given, "resolved"):  # a client, an identity provider, network settings
        return given.resolved()
    return [resolve(each, name) for each in given] if isinstance(given, list) else given


def resolve_secret(secret: Secret | None, name: str) -> values.Secret | None:
    """
    Resolve a secret.

    :raises ConfigurationError: If it is there and empty.
    """
    return None if secret is None else require_secret(secret, name)


def require_secret(secret: Secret, name: str) -> values.Secret:
    """
    Resolve a secret that has to have a value.

    :raises ConfigurationError: If it is empty, or not there.
    """
    text = resolved_text(secret, name)
    if not text:
        names = " or ".join(_environment_variables(secret))
        message = f"{name} resolved to an empty value" + (f", from {names}." if names else ".")
        raise ConfigurationError(message, hint="Check the environment variable it comes from.")
    return values.Secret(text)


def resolved_text(secret: Secret, name: str) -> str | None:
    """
    Resolve a secret that may be without a value.

    :raises ConfigurationError: If it has to have one, and has none.
    """
    try:
        text = secret.resolve_value()
    except ValueError as error:
        message = f"{name} has no value: {error}."
        raise ConfigurationError(message, hint="Set the environment variable it comes from.") from error
    return None if text is None else str(text)


def _environment_variables(secret: Secret) -> list[str]:
    try:
        return list(secret.to_dict().get("env_vars", ()))
    except ValueError:  # it was given as text
        return []


def refuse_plain_text(instance: Any, name: str) -> None:
    """
    Refuse a secret that is given as text: it would stand in YAML.

    :raises ConfigurationError: If it is a text.
    """
    if isinstance(getattr(instance, name), str | bytes):
        message = f"{type(instance).__name__}.{name} is given as plain text."
        raise ConfigurationError(message, hint="Give a Secret of haystack.utils, for example Secret.from_env_var(…).")
