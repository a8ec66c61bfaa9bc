# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Every public function that is handed what others have written, and arguments for it that hold a hostile text.

The functions are found in the code, and their arguments are made by the types of their parameters. So a new parser is
tested without being named anywhere; a parameter of an unknown type makes a test fail that says what to add here.
"""

import dataclasses
import enum
import importlib
import inspect
import json
import pkgutil
import typing
from collections.abc import Mapping
from functools import lru_cache

from valetkey.errors import ClientRefused
from valetkey.protocol.challenge import Challenge
from valetkey.protocol.registration import ClientMetadata
from valetkey.settings.network import Network
from valetkey.values import Secret
from valetkey.wire import HttpRequest, HttpResponse

_PACKAGES = ("valetkey.protocol", "valetkey._policy", "valetkey._sessions", "valetkey.profiles")
_MODULES = (
    *("valetkey.urls", "valetkey.wire", "valetkey.values", "valetkey.errors", "valetkey.login.pasted_text"),
    *("valetkey._adapters.messages", "valetkey._network.addresses", "valetkey._network.hosts"),
    *("valetkey._network.unpacking", "valetkey._network.proxies", "valetkey._network.fields"),
    *("valetkey.migrate.foreign", "valetkey.store.backends.file_names", "valetkey.store.encryption.keys"),
)
_NOT_FROM_OTHERS = (
    *("Settings", "PythonOptions", "Store", "Seams", "Foreign", "Path", "Traversable", "Kind", "Callable"),
    *("AuthError", "Refused", "BaseException", "Answer", "Correction", "Address", "IPv4Address"),
)
"""What a text of a server is in only after another function of the list has read it, or not at all."""
NO_READERS = {
    "valetkey._adapters.messages.message_in": "takes a request of a library; tests.fuzz has it",
    "valetkey._adapters.messages.error_in": "is asynchronous; tests.fuzz has it",
    "valetkey.profiles.catalog.read_profile": "reads our own files",
    "valetkey.profiles.applied.apply": "is about settings",
    "valetkey._sessions.pending_codec.encode_pending": "writes what was read or made",
}
_HEADERS = ("Content-Type", "WWW-Authenticate", "Retry-After", "Location", "Date", "Content-Encoding", "DPoP-Nonce")
_MEMBERS = (
    *("resource", "authorization_servers", "scopes_supported", "issuer", "authorization_endpoint", "token_endpoint"),
    *("client_id", "client_secret", "redirect_uris", "access_token", "refresh_token", "token_type", "expires_in"),
    *("scope", "id_token", "device_code", "user_code", "verification_uri", "interval", "error", "error_description"),
    *("issued_token_type", "message", "detail", "jwks", "protected_resources", "aud", "name"),
)


def functions():
    """Give every public function of the parts that read foreign texts, by its full name."""
    found = {}
    packages = (importlib.import_module(name) for name in _PACKAGES)
    names = [module.name for each in packages for module in pkgutil.iter_modules(each.__path__, f"{each.__name__}.")]
    for name in (*names, *_MODULES):
        if name.endswith("__main__"):
            continue
        for member, item in vars(importlib.import_module(name)).items():
            function = inspect.unwrap(item) if callable(item) else item
            is_own = inspect.isfunction(function) and function.__module__ == name
            if is_own and not member.startswith("_") and f"{name}.{member}" not in NO_READERS:
                found[f"{name}.{member}"] = item
    return {name: item for name, item in sorted(found.items()) if _reads_texts(item)}


def _reads_texts(function):
    hints = typing.get_type_hints(inspect.unwrap(function))
    kinds = [str(hint) for name, hint in hints.items() if name != "return"]
    return bool(kinds) and not any(
        f".{kind}" in text or f"'{kind}" in text for kind in _NOT_FROM_OTHERS for text in kinds
    )


def calls(function, text):
    """Give calls of a function whose arguments hold a text wherever they can hold one."""
    hints = typing.get_type_hints(inspect.unwrap(function))
    parameters = inspect.signature(inspect.unwrap(function)).parameters.values()
    for form in range(3):
        positional, named = [], {}
        for parameter in parameters:
            value = argument(hints[parameter.name], text, form)
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
                named[parameter.name] = value
            else:
                positional.append(value)
        yield lambda positional=positional, named=named: _used(function(*positional, **named))
        if not any("Http" in str(hint) or "Mapping" in str(hint) or "dict" in str(hint) for hint in hints.values()):
            return


def _used(value):
    return list(value) if inspect.isgenerator(value) else value


def argument(kind, text, form=0):
    """Make a value of a type; `form` says how an answer holds the text."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Union or type(kind).__name__ == "UnionType":
        return argument(inner[0], text, form)
    if origin is typing.Literal:
        return inner[0]
    plain = _PLAIN.get(origin or kind)
    if plain is not None:
        return plain(text, form)
    if origin is not None and issubclass(origin, tuple):
        return _tuple(inner, text, form)
    if origin is not None and issubclass(origin, typing.get_origin(typing.Iterable[int])):
        return [argument(inner[0], text, form)]
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return next(iter(kind))
    if dataclasses.is_dataclass(kind):
        hints, fields = typing.get_type_hints(kind), dataclasses.fields(kind)
        part = text[: max(min(len(text), 100_000 // len(fields)), len(text) // len(fields))]
        return kind(**{field.name: argument(hints[field.name], part, form) for field in fields})
    message = f"say in tests.fakes.arguments how a {kind} holds a text"
    raise TypeError(message)


def _tuple(inner, text, form):
    if inner == (str, ...):
        return tuple(text.split(" "))
    is_list = inner[-1] is ...
    return (argument(inner[0], text, form),) if is_list else tuple(argument(each, text, form) for each in inner)


def _mapping(text, form):
    part = text[: max(1, len(text) // len(_MEMBERS))]
    members = dict.fromkeys(_MEMBERS, part) if form == 0 else {name: [part] for name in _MEMBERS}
    return members if form < 2 else {**members, "access_token": "t", "resource": "https://mcp.example/mcp", text: text}


@lru_cache(maxsize=3)
def _answer(text, form):
    headers = tuple((name, text[:16_384]) for name in _HEADERS)
    if form == 0:
        return HttpResponse(200, "https://as.example/x", (), json.dumps(_mapping(text, 0)).encode())
    if form == 1:
        return HttpResponse(400, "https://as.example/x", headers, text.encode(errors="surrogatepass"))
    form_type = ("Content-Type", "application/x-www-form-urlencoded")
    return HttpResponse(302, "https://as.example/x", (form_type, *headers), text.encode(errors="surrogatepass"))


_PLAIN = {
    str: lambda text, form: text,
    bytes: lambda text, form: text.encode(errors="surrogatepass"),
    object: lambda text, form: text if form == 0 else _mapping(text, form),
    typing.Any: lambda text, form: text,
    bool: lambda text, form: False,
    float: lambda text, form: 1.0,
    int: lambda text, form: 400,
    type(None): lambda text, form: None,
    Secret: lambda text, form: Secret(text),
    dict: _mapping,
    Mapping: _mapping,
    HttpResponse: _answer,
    ClientMetadata: lambda text, form: ClientMetadata(text, text, (text,)),
    HttpRequest: lambda text, form: HttpRequest("GET", text, "read", ((text, text),)),
    Challenge: lambda text, form: Challenge("bearer", text, (("scope", text), ("error", text), ("algs", text))),
    ClientRefused: lambda text, form: ClientRefused("It.", hint="Do.", error=text, description=text, status=400),
    Network: lambda text, form: Network(),
}
