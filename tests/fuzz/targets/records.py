# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a store or another program keeps: records of all formats, names of stores, files of mcp-remote and FastMCP."""

import asyncio
import copy
import json
from contextlib import suppress

from tests.fuzz.checks import in_proportion, ours, require_sendable
from tests.fuzz.reading import Input, as_text, document
from tests.fuzz.target import Target
from valetkey._sessions.codec import (
    decode_client,
    decode_pin,
    decode_session,
    encode_client,
    encode_pin,
    encode_session,
)
from valetkey._sessions.pending_codec import PendingRecord, decode_pending, encode_pending
from valetkey.errors import AuthError
from valetkey.migrate.fastmcp import _read
from valetkey.migrate.foreign import Foreign, as_json, read_issuer, read_time, read_token
from valetkey.protocol.authorization import AuthorizationRequest
from valetkey.settings.settings import Settings
from valetkey.store.backends.memory import MemoryStore
from valetkey.store.backends.opening import require_known_store
from valetkey.store.encryption.encrypted import EncryptedStore
from valetkey.store.encryption.key_names import KeyNames
from valetkey.store.encryption.keys import DataKey, DataKeys
from valetkey.store.leases.cas_lease import _duration
from valetkey.values import (
    Client,
    ClientAuthentication,
    ClientOrigin,
    RefreshIntent,
    Secret,
    ServerMetadata,
    Session,
    Terms,
    Token,
)
from valetkey.wire import HttpResponse, json_object, read_scope

_SESSION = Session(
    Token(Secret("t"), 1.0, 2.0, Secret("r"), ("a",)),
    Client("c", "https://as.example", Secret("s"), ClientAuthentication.POST, origin=ClientOrigin.REGISTERED),
    ServerMetadata("https://as.example", "https://as.example/a", "https://as.example/t"),
    "https://mcp.example/mcp",
    ("a",),
    RefreshIntent(1.0),
    terms=Terms(),
)
_RECORD = json.loads(encode_session(_SESSION))
_OLD = {
    **{name: _RECORD[name] for name in ("kind", "token", "server", "resource", "requested_scope", "interactive")},
    "format": 1,
    "refresh_intent": None,
    "client": {**_RECORD["client"], "registered": True},
}
_CLIENT = json.loads(encode_client(_SESSION.client))
_MCP = "https://mcp.example/mcp"
_PENDING = PendingRecord(
    request=AuthorizationRequest(
        *(_SESSION.server, _SESSION.client, "http://127.0.0.1/c", _MCP, ("a",), Secret("state"), Secret("verifier")),
        (("prompt", "consent"),),
    ),
    settings=Settings(url=_MCP, grant="authorization_code"),
    **{"needs": (), "mark": "m", "ends_at": 1.0, "reason": "r", "resource": _MCP, "scopes": ("a",)},
    **{"requested_scope": ("a",), "audience": None, "dpop_key": None, "more_scope": None},
    **{"is_new_client": False, "is_last": False},
)
_LOGIN = json.loads(encode_pending(_PENDING))
_PLACES = {"session": _RECORD, "old session": _OLD, "client": _CLIENT, "login": _LOGIN}
_WRITERS = {
    "session": (decode_session, encode_session),
    "old session": (decode_session, encode_session),
    "client": (decode_client, encode_client),
    "pin": (decode_pin, encode_pin),
    "login": (decode_pending, encode_pending),
}
_VALUES = (
    None,
    True,
    False,
    0,
    -1,
    1e308,
    10**400,
    "",
    [],
    {},
    ["a"],
    [None],
    {"a": 1},
    "Bearer",
    "none",
    "\ud800",
    "\r\n",
    float("nan"),
)


def _record(data):
    source = Input(data)
    kind = source.choice(tuple(_WRITERS))
    decode, encode = _WRITERS[kind]
    raw = source.byte() % 4 == 0 or kind == "pin"
    value = source.rest() if raw else _changed(_PLACES[kind], source)
    with in_proportion(len(value)):
        read = ours(decode, value)
        if read is not None:
            again = decode(encode(read))
            assert again == read or "NaN" in value.decode(errors="replace")
            if kind == "login":
                require_sendable(read.view)


def _changed(record, source):
    """Change, leave out or add some members of a good record, at any depth."""
    changed = json.loads(json.dumps(record))
    while not source.is_empty:
        place = changed
        names = list(place)
        name = source.choice(names) if names else "x"
        if isinstance(place[name], dict) and source.byte() % 4:
            place = place[name]
            name = source.choice(list(place)) if place else "x"
        action = source.byte() % 4
        if action == 0:
            place.pop(name, None)
        elif action == 1:
            place[name] = source.text()
        else:
            place[name] = copy.copy(source.choice(_VALUES))
        if not changed:
            break
    return json.dumps(changed).encode()


def _key_names(data):
    value = Input(data).rest()
    with in_proportion(len(value)):
        names = ours(KeyNames.decode, value)
        if names is not None:
            assert dict(KeyNames.decode(names.encode()).sources) == dict(names.sources)
        assert _duration(value) is not None


_KEYS = DataKeys(DataKey(b"k" * 32))


def _encrypted(data):
    source = Input(data)
    flags, value = source.byte(), source.rest()
    inner = MemoryStore()
    store = EncryptedStore(inner, _KEYS)
    is_good = False
    if flags & 1:
        store.put("session:a", b"plain")
        good = inner.get("session:a").value
        flipped = value[: len(good)].ljust(len(good), b"\0")
        is_good = not any(flipped)
        value = bytes(one ^ other for one, other in zip(good, flipped, strict=True))
    elif flags & 2:
        value = b"\x01" + _KEYS.first.id + value
    inner.put("session:a", value)
    with in_proportion(len(value)):
        record = ours(store.get, "session:a")
        assert (record is not None) is is_good


def _store_name(data):
    name = as_text(Input(data).rest())
    with in_proportion(len(name)):
        ours(require_known_store, name)


_TOKENS = (
    "access_token",
    "token_type",
    "expires_in",
    "expires_at",
    "refresh_token",
    "scope",
    "issuer",
    "requested_scope",
)
_REGISTRATION = ("client_id", "client_secret", "redirect_uris", "scope", "issuer", "token_endpoint_auth_method")


def _mcp_remote(data):
    source = Input(data)
    flags = source.byte()
    first, second = (source.line(), source.line()) if flags & 1 else (b"", b"")
    with in_proportion(len(data) + len(first) + len(second)):
        if flags & 1:
            texts = first.decode(errors="replace"), second.decode(errors="replace")
        else:
            texts = document(source, _TOKENS).decode(), document(Input(data[:0:-1]), _REGISTRATION).decode()
        ours(lambda: _foreign(*texts))


def _foreign(token_text, client_text):
    members, registration = as_json(token_text, "p", "/f"), as_json(client_text, "p", "/g")
    expires_at = read_time(members.get("expires_at"), units=1000)
    token = read_token(members, "p", "/f", expires_at=expires_at, written_at=1.0)
    require_sendable(token)
    foreign = Foreign(
        "p",
        "/f",
        token,
        registration,
        read_issuer(members, registration, "p", "/f"),
        read_scope(members.get("requested_scope")),
        lambda target: None,
    )
    return foreign.client_at(ServerMetadata("https://as.example"))


class _Storage:
    def __init__(self, *records):
        self._records = list(records)

    async def get(self, key, *, collection=None):
        return self._records.pop(0)


_loop = asyncio.new_event_loop()


def _fastmcp(data):
    source = Input(data)
    cut = source.byte()
    records = [
        json_object(HttpResponse(200, "", (), document(Input(part), names))) or {}
        for part, names in (
            (data[1 : cut + 1], _TOKENS),
            (data[cut + 1 :], _REGISTRATION),
            (data[:0:-1], ("expires_at",)),
        )
    ]
    with in_proportion(len(data) * 8 + 5000), suppress(AuthError):
        foreign = _loop.run_until_complete(_read("https://mcp.example/mcp", _Storage(*records)))
        require_sendable((foreign.token, foreign.issuer, foreign.requested_scope))
        ours(foreign.client_at, ServerMetadata("https://as.example"))


TARGETS = (
    Target(
        name="record",
        reads="the records of a store, of all formats",
        modules=tuple(
            f"_sessions/{name}.py"
            for name in ("codec", "members", "old_formats", "parts", "pending_codec", "written_settings")
        ),
        run=_record,
        tokens=(b'{"format":2,"kind":"session"', b'"kind":"pin","issuer":"', b"1e999", b"[[[[", b"\\ud800"),
    ),
    Target(
        name="key_names",
        reads="the record of a store's keys, and the length of a lease",
        modules=("store/encryption/key_names.py", "store/leases/cas_lease.py"),
        run=_key_names,
        tokens=(
            b'{"format":1,"keys":[{"id":"00000000","source":"file"}]}',
            b'"source":',
            b'{"seconds":',
            b"NaN",
            b"1e999",
        ),
    ),
    Target(
        name="encrypted",
        reads="an encrypted record",
        modules=("store/encryption/encrypted.py",),
        run=_encrypted,
        tokens=(b"\x01",),
        longest=100,
    ),
    Target(
        name="store_name",
        reads="the name of a store",
        modules=("store/backends/opening.py", "store/backends/file_names.py"),
        run=_store_name,
        tokens=(
            b"sqlite:///",
            b"memory:",
            b"redis://",
            b"postgresql://",
            b"~/",
            b"C:\\",
            b"$HOME",
            b"%TEMP%",
            b"?",
            b"file:",
            b"/",
        ),
    ),
    Target(
        name="mcp_remote",
        reads="the files of mcp-remote",
        modules=("migrate/foreign.py", "migrate/mcp_remote.py"),
        run=_mcp_remote,
        tokens=(*(name.encode() for name in _TOKENS), b"1e999", b"\\ud800"),
    ),
    Target(
        name="fastmcp",
        reads="the records of FastMCP",
        modules=("migrate/fastmcp.py", "migrate/foreign.py"),
        run=_fastmcp,
        tokens=(*(name.encode() for name in _TOKENS), b"1e999"),
    ),
)
