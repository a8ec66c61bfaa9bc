# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The steps of one authenticated request, without I/O: a generator that yields what to do next and is sent its result.

`flow` drives it, once with blocking calls and once with awaited ones.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from valetkey._adapters.credential import (
    MOST_OUTDATED,
    NO_LOGIN,
    PROOF_RETRIES,
    RequestT,
    present,
    rejection_by_server,
    request_with_new_proof,
)
from valetkey._adapters.named_addresses import hear
from valetkey.values import Token

if TYPE_CHECKING:
    from valetkey._engine.engine import Engine
    from valetkey.protocol.challenge import Challenge


@dataclass(frozen=True, slots=True)
class CurrentToken:
    """Asks the engine for the token at hand; the result is a token or None."""


@dataclass(frozen=True, slots=True)
class OtherToken:
    """Asks the engine for another token than the rejected one (None: none was sent); the result is a token."""

    rejected: Token | None
    challenges: "Sequence[Challenge]" = ()


@dataclass(frozen=True, slots=True)
class IsOutdated:
    """Asks the engine whether something came between since it gave a token; the result is True or False."""

    token: Token | None


Step = CurrentToken | OtherToken | IsOutdated


def steps_of(engine: "Engine", request: RequestT) -> "Generator[RequestT | Step, Any, None]":
    """
    Give the steps of one request to the engine's MCP server, whose body has been read.

    A request that is yielded is sent, and the result is its response. A rejected token is replaced once, and again if
    a login or a renewal came between, so that it was not the newest one. A request may be sent again with the same
    token where only its proof was at fault (RFC 9449 §9).
    """
    token: Token | None = yield CurrentToken()
    is_worth_a_login = NO_LOGIN not in request.extensions
    is_replaced, retries, outdated = False, PROOF_RETRIES, 0
    if token is None and engine.is_known() and is_worth_a_login:
        token = yield OtherToken(None)
    while True:
        response = yield present(engine, request, token)
        hear(engine, response)
        proved = request_with_new_proof(engine, request, token, response) if retries else None
        if proved is not None:
            request, retries = proved, retries - 1
            continue
        challenges = rejection_by_server(engine, response, token)
        if challenges is None or not is_worth_a_login:
            return
        if is_replaced and outdated < MOST_OUTDATED and (yield IsOutdated(token)):
            outdated += 1
        elif is_replaced:
            from valetkey._adapters.second_rejection import warn_of_second_rejection  # loaded for the rare case

            warn_of_second_rejection(response, challenges, token)
            if token is not None:
                engine.acceptance.reject(token)
            return
        token = yield OtherToken(token, challenges)
        is_replaced, retries = True, PROOF_RETRIES
