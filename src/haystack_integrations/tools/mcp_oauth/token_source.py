# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The access tokens that a source of the user's own gives: one of `oauth-haystack`, or any object with its methods.

A source is asked before each request, so a token is never older than the source allows, and nothing of it is stored. It
may block, as those of `oauth-haystack` do while they send their own requests; so a thread asks it, and none of those
that renew sessions: a source that never answers keeps its thread for ever.
"""

import inspect
import time
import weakref
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, Protocol, runtime_checkable

from haystack.core.serialization import import_class_by_name
from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth.principals import LOCAL, as_user
from valetkey import values
from valetkey._adapters.framework import SingleFlight, Workers, wait_for_future
from valetkey.errors import AuthError, ConfigurationError, TemporaryError, TokenRejected, quote

NAME = "OAuthConfig.token_source"

LONGEST_WAIT = 20.0
"""How many seconds a request waits for the source; Haystack gives a call up after 30."""

_WORKERS = Workers()

_INSTEAD = (
    *("client_id", "client_secret", "clients", "private_key", "client_assertion", "workload_token"),
    *("identity_provider", "initial_access_token", "scopes", "issuer"),
)
"""The options of a login, which a source of tokens makes pointless."""


@runtime_checkable
class AccessTokenSource(Protocol):
    """
    What gives access tokens for the MCP server: the `TokenSource` of `oauth-haystack`, or an object like it.

    It may have `invalidate()` too, which is called where the MCP server has rejected the token that `resolve` gives. In
    `resolve`, `current_user()` is the user of the call.
    """

    def resolve(self) -> str:
        """Give an access token that is good now. This may block."""
        ...


def require_source(source: object, config: Any) -> None:
    """Refuse a source that cannot give a token by itself, and one that stands beside the options of a login."""
    if source is None or not isinstance(source, AccessTokenSource):
        return  # what is no source is refused with the other fields
    if getattr(source, "requires_subject_token", False):
        message = f"{NAME} is a {_name(source)}, which exchanges a token of its user for each call."
        hint = "Give an object whose resolve() calls it with the token of current_user()."
        raise ConfigurationError(message, hint=hint)
    beside = [name for name in _INSTEAD if getattr(config, name)]
    beside += ["grant_type"] if config.grant_type != "auto" else []
    if beside:
        message = f"{NAME} gives the tokens, and {', '.join(beside)} would be for a login that never happens."
        raise ConfigurationError(message, hint="Leave out one or the other.")


class SourceTokens:
    """The tokens of one source for one principal. Callers that come while the source is asked share its answer."""

    def __init__(self, source: AccessTokenSource, principal: str, server_url: str) -> None:
        self._source = source
        self._principal = principal
        self._flight: SingleFlight[values.Token] = SingleFlight(must_finish=False, lane=server_url, workers=_WORKERS)
        self.last: values.Token | None = None

    async def current(self) -> values.Token:
        """
        Give the token for a request.

        :raises AuthError: If the source fails, or takes too long.
        """
        return (await self._asked(None))[0]

    async def another(self, rejected: values.Token | None) -> values.Token:
        """
        Give another token than the one that the MCP server has rejected.

        :raises AuthError: If the source fails, takes too long, or has no other token.
        """
        while True:
            token, is_own = await self._asked(rejected)
            if is_own or rejected is None or token.access_token != rejected.access_token:
                return token

    async def _asked(self, rejected: values.Token | None) -> tuple[values.Token, bool]:
        future, is_own = self._flight.join(lambda _: self._ask(rejected))
        try:
            return await wait_for_future(future, LONGEST_WAIT), is_own
        except TimeoutError as error:
            message = f"{NAME} ({_name(self._source)}) has given no token for {LONGEST_WAIT:.0f} seconds."
            hint = "Try again later; if it stays, see what the source waits for."
            raise TemporaryError(message, hint=hint) from error

    def _ask(self, rejected: values.Token | None) -> values.Token:
        with as_user(self._principal) if self._principal != LOCAL else nullcontext():
            token = self._resolved()
            if rejected is not None and token.access_token == rejected.access_token:
                token = self._resolved_anew(rejected)
        self.last = token
        return token

    def _resolved_anew(self, rejected: values.Token) -> values.Token:
        invalidate = getattr(self._source, "invalidate", None)
        if callable(invalidate):
            self._call(invalidate)
            token = self._resolved()
            if token.access_token != rejected.access_token:
                return token
        message = f"The MCP server rejects the token of {NAME} ({_name(self._source)}), which gives no other one."
        hint = "See whether the source's token is for this server, and still good; a source may have invalidate()."
        raise TokenRejected(message, hint=hint)

    def _resolved(self) -> values.Token:
        given = self._call(self._source.resolve)
        if isinstance(given, values.Secret):
            given = given.reveal()
        if not isinstance(given, str) or not given or not all("!" <= each <= "~" for each in given):
            what = "a text that is no token" if isinstance(given, str) else f"a {type(given).__name__}"
            message = f"{NAME} ({_name(self._source)}) gave {what}."
            raise ConfigurationError(message, hint="Let its resolve() return the access token as a str.")
        return values.Token(values.Secret(given), time.time())

    def _call(self, method: Any) -> Any:
        try:
            with _WORKERS.aside():  # it may ask a server
                return method()
        except AuthError:
            raise
        except Exception as error:
            # Its text is not shown: those of oauth-haystack repeat what the token endpoint has sent.
            unset = _secrets_without_value(self._source)
            if unset:
                message = f"{NAME} ({_name(self._source)}) has no token: {unset}"
                hint = "Set the environment variable it comes from."
                raise ConfigurationError(message, hint=hint) from error
            message = f"{NAME} ({_name(self._source)}) has failed with {type(error).__name__}."
            raise TemporaryError(message, hint="Try again later; if it stays, correct the source.") from error


def tokens_of(source: AccessTokenSource, principal: str, server_url: str) -> SourceTokens:
    """Give the tokens of a source; all clients of the process that have the same source share them."""
    key = id(source), principal, server_url  # of the object: one that can be changed has no hash
    tokens = _all_tokens.get(key)
    if tokens is None:
        tokens = _all_tokens.setdefault(key, SourceTokens(source, principal, server_url))
    return tokens


_all_tokens: "weakref.WeakValueDictionary[tuple[int, str, str], SourceTokens]" = weakref.WeakValueDictionary()


def _secrets_without_value(source: object) -> str:
    """Say which secrets of a source have no value; only texts of Haystack, which name the environment variables."""
    said = []
    for name, value in getattr(source, "__dict__", {}).items():
        if isinstance(value, Secret):
            try:
                value.resolve_value()
            except ValueError as error:
                said.append(f"its {name} has no value: {error}.")
    return " ".join(said)


def _name(source: object) -> str:
    return type(source).__name__


def write_source(source: object) -> dict[str, Any]:
    """Write a source as its own `to_dict` does, without the nulls that are its defaults."""
    to_dict = getattr(source, "to_dict", None)
    written = to_dict() if callable(to_dict) else None
    if not isinstance(written, dict) or not isinstance(written.get("type"), str):
        message = f"{NAME} is a {_name(source)}, which cannot be written to YAML."
        hint = "Give it to_dict and from_dict, by default_to_dict and default_from_dict of haystack."
        raise ConfigurationError(message, hint=hint)
    given = written.get("init_parameters")
    if not isinstance(given, dict):
        return written
    nulls = _nulls_by_default(type(source))
    kept = {name: value for name, value in given.items() if value is not None or name not in nulls}
    return {**written, "init_parameters": kept}


def read_token_source(written: Any) -> Any:
    """
    Read what `write_source` wrote, from the modules that Haystack allows.

    A class that is no source is not called.
    """
    if not isinstance(written, dict):
        return written
    name = written.get("type")
    if not isinstance(name, str) or "." not in name:
        message = f"{NAME} has no type." if name is None else f"{NAME} has the type {quote(name)}, which is no class."
        raise ConfigurationError(message, hint="Write it as the to_dict of the source does, with its type.")
    found: Any = import_class_by_name(name)
    if not inspect.isclass(found) or not all(callable(getattr(found, each, None)) for each in ("resolve", "from_dict")):
        message = f"{NAME} has the type {quote(name)}, which is no source of tokens."
        raise ConfigurationError(message, hint="Give a class with resolve and from_dict.")
    given = written.get("init_parameters")
    filled = dict.fromkeys(_nulls_by_default(found)) | _copy(given) if isinstance(given, Mapping) else {}
    source_class: Any = found
    return source_class.from_dict({**written, "init_parameters": filled})


def _nulls_by_default(source_class: type) -> list[str]:
    parameters = inspect.signature(source_class).parameters.values()
    return [each.name for each in parameters if each.default is None]


def _copy(written: Any) -> Any:
    """Copy plain data: `from_dict` of some sources changes what it is given."""
    if isinstance(written, Mapping):
        return {name: _copy(value) for name, value in written.items()}
    return [_copy(each) for each in written] if isinstance(written, list) else written
