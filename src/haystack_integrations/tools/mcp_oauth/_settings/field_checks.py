# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Whether each field has a value of its type. Where it has not, its name is told and the spelling to use."""

import typing
from collections.abc import Callable, Mapping, Set
from dataclasses import fields
from functools import cache
from pathlib import PurePath
from types import NoneType, UnionType
from typing import Any, Literal

from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth.token_source import AccessTokenSource
from valetkey._adapters.framework import require_endpoint, require_profile
from valetkey.errors import ConfigurationError, InsecureEndpoint, quote
from valetkey.settings import credentials as engine
from valetkey.settings import network as engine_network
from valetkey.store.backends.opening import require_known_store

_AUTHENTICATION = Literal["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]
_ISSUERS_AND_ENDPOINTS = frozenset(
    {
        *("issuer", "authorization_endpoint", "token_endpoint", "registration_endpoint"),
        *("device_authorization_endpoint", "redirect_uri"),
    }
)
_METHODS = {"token_storage": ("get", "put", "delete", "lease"), "login": ("open",)}
"""What a `Store` and a `Login` of the user's own have, for the fields that take one."""

_MAY_BE_ZERO = frozenset({"login_wait"})
"""The numbers of seconds for which 0 means something: not at all."""

_SAME_IN_ENGINE = {
    "RegisteredClient": (engine.RegisteredClient,),
    "IdentityProvider": (engine.IdentityProvider,),
    "Network": (engine_network.Network,),
}
"""The classes that `valetkey` has under the same name; a program may have imported those."""

_SPELLINGS = {
    str: "a text",
    bool: "True or False",
    float: "a number of seconds that is greater than 0",
    Secret: "a Secret of haystack.utils, for example Secret.from_env_var(…)",
    AccessTokenSource: "an object with resolve(), for example an OAuthStaticTokenSource(…) of oauth-haystack",
    list[str]: 'a list of texts, for example ["read", "write"]',
    dict[str, str]: 'a dictionary of texts, for example {"audience": "https://api.example.com"}',
}


def take_forms_of_yaml(instance: Any) -> None:
    """Turn what Python programs give into what a file can hold: a path into its text, a tuple or set into a list."""
    for each in fields(instance):
        value = getattr(instance, each.name)
        if isinstance(value, PurePath):
            object.__setattr__(instance, each.name, str(value))
        elif isinstance(value, tuple | Set):
            object.__setattr__(instance, each.name, list(value))
        elif isinstance(value, Mapping):
            object.__setattr__(instance, each.name, dict(value))


def require_fields(instance: Any) -> None:
    """
    Refuse a value that no other field could make right. The value is shown only if it is a name: it may be a secret.

    :raises ConfigurationError: If there is one.
    """
    owner = type(instance).__name__
    for name, wanted in _types_of(instance.__class__):
        value = getattr(instance, name)
        if _is_object_of_the_program(name, value) or (name in _MAY_BE_ZERO and _is_zero(value)):
            continue
        if not _fits(value, wanted):
            message = f"{owner}.{name} is {_shown(value, wanted)}."
            raise ConfigurationError(message, hint=f"Give {_spelling(wanted)}.")
        if value is not None:
            _require_known(owner, name, value)


def _require_known(owner: str, name: str, value: Any) -> None:
    """Refuse a text that is no URL, no profile or no store, in the words of who knows them."""
    try:
        if name in _ISSUERS_AND_ENDPOINTS:
            require_endpoint(value, f"{owner}.{name}")
        elif name == "profile":
            require_profile(value)
        elif name == "token_storage" and isinstance(value, str):
            require_known_store(value)
    except (ConfigurationError, InsecureEndpoint) as error:
        message = error.message if f"{owner}.{name}" in error.message else f"{owner}.{name}: {error.message}"
        raise ConfigurationError(message, hint=error.hint) from error


def _is_object_of_the_program(name: str, value: object) -> bool:
    """Tell whether a value is a store, a login or a key of the user's own, which a program may give and no file can."""
    if name == "private_key" and isinstance(value, engine.PrivateKey):
        return True
    methods = _METHODS.get(name, ())
    return bool(methods) and all(callable(getattr(value, method, None)) for method in methods)


def _is_zero(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == 0


def _shown(value: Any, wanted: Any) -> str:
    """Show a name or a number that does not fit; of any other value, which may be a secret, only its type."""
    if isinstance(value, str) and _names(wanted):
        return quote(value)
    if wanted is float and isinstance(value, int | float):
        return str(value)
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    held = sorted({type(each).__name__ for each in members})
    return f"of the type {type(value).__name__}" + (f" that holds {', '.join(held)}" if held else "")


@cache
def _types_of(owner: Any) -> tuple[tuple[str, Any], ...]:
    types = typing.get_type_hints(owner)
    types["token_endpoint_auth_method"] = _AUTHENTICATION | None  # upstream's type is any text
    return tuple((each.name, types[each.name]) for each in fields(owner))


def _fits(value: Any, wanted: Any) -> bool:
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (typing.Union, UnionType):
        return any(_fits(value, each) for each in arguments)
    if origin is Literal:
        return isinstance(value, str) and value in arguments
    if origin is list:
        return isinstance(value, list) and all(_fits(each, arguments[0]) for each in value)
    if origin is dict:
        return isinstance(value, dict) and all(all(map(_fits, pair, arguments)) for pair in value.items())
    if origin is Callable:
        return callable(value)
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    return isinstance(value, (wanted, *_SAME_IN_ENGINE.get(getattr(wanted, "__name__", ""), ())))


def _names(wanted: Any) -> list[str]:
    """Give the names that a type allows; none where it is no type of names."""
    if typing.get_origin(wanted) is Literal:
        return list(typing.get_args(wanted))
    return [name for each in typing.get_args(wanted) for name in _names(each)] if _is_union(wanted) else []


def _is_union(wanted: Any) -> bool:
    return typing.get_origin(wanted) in (typing.Union, UnionType)


def _spelling(wanted: Any) -> str:
    names = [f'"{name}"' for name in _names(wanted)]
    if names:
        return f"{', '.join(names[:-1])} or {names[-1]}"
    if _is_union(wanted):
        return " or ".join(_spelling(each) for each in typing.get_args(wanted) if each is not NoneType)
    if wanted in _SPELLINGS:
        return _SPELLINGS[wanted]
    if typing.get_origin(wanted) is Callable:
        return "a function"
    if typing.get_origin(wanted) is dict:
        return f"a mapping whose values are {_spelling(typing.get_args(wanted)[1])}"
    (member,) = typing.get_args(wanted) or (wanted,)
    return f"a list of {member.__name__}(…)" if typing.get_origin(wanted) is list else f"{wanted.__name__}(…)"
