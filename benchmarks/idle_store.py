# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A store that has a session for every principal and keeps none of them in memory, as a file or a server would."""

import itertools
import time

from valetkey._sessions.codec import encode_session
from valetkey.store import ANY, Condition, Lease, Record
from valetkey.values import Client, ClientOrigin, MetadataSource, Secret, ServerMetadata, Session, Token

_ISSUER = "https://auth.example.com"


class IdleStore:
    """Gives a session of its own for each key; its record has the size of one that a real server leads to."""

    def __init__(self) -> None:
        self._numbers = itertools.count()

    def get(self, key: str) -> Record | None:
        if not key.startswith("session:"):
            return None
        number = next(self._numbers)
        token = Token(
            access_token=Secret(f"{number:043}"),
            obtained_at=time.time(),
            expires_at=time.time() + 3600,
            refresh_token=Secret(f"{number:044}"),
            scope=("mcp",),
        )
        server = ServerMetadata(
            issuer=_ISSUER,
            source=MetadataSource.DISCOVERED,
            authorization_endpoint=f"{_ISSUER}/authorize",
            token_endpoint=f"{_ISSUER}/token",
            registration_endpoint=f"{_ISSUER}/register",
        )
        redirect_uri = "http://127.0.0.1:33418/callback"
        client = Client(f"client-{number}", _ISSUER, redirect_uri=redirect_uri, origin=ClientOrigin.REGISTERED)
        session = Session(token, client, server, "https://mcp.example.com/mcp", ("mcp",))
        return Record(encode_session(session), str(number))

    def put(self, key: str, value: bytes, *, if_version: Condition = ANY) -> str:
        raise NotImplementedError

    def delete(self, key: str, *, if_version: Condition = ANY) -> bool:
        raise NotImplementedError

    def lease(self, key: str, *, seconds: float) -> Lease | None:
        raise NotImplementedError

    def close(self) -> None:
        pass
