# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A store of the user's own, which may raise or give anything: the caller gets an `AuthError`, and no token is lost."""

import pytest

from tests.fakes.world import World
from valetkey.errors import AuthError, StoreError
from valetkey.store.backends.memory import MemoryStore
from valetkey.store.checked import CheckedStore
from valetkey.store.protocol import ABSENT, Conflict, Record


class Unruly(MemoryStore):
    """A store whose methods do what a test says, once or always."""

    def __init__(self, **acts):
        super().__init__()
        self.acts = acts
        self.times = dict.fromkeys(acts, 10**6)

    def _act(self, name):
        if self.times.get(name, 0) <= 0:
            return None
        self.times[name] -= 1
        return self.acts[name]

    def get(self, key):
        act = self._act("get")
        return super().get(key) if act is None else act()

    def put(self, key, value, **condition):
        act = self._act("put")
        return super().put(key, value, **condition) if act is None else act()

    def delete(self, key, **condition):
        act = self._act("delete")
        return super().delete(key, **condition) if act is None else act()

    def lease(self, key, *, seconds):
        act = self._act("lease")
        return super().lease(key, seconds=seconds) if act is None else act()


def raises(error):
    def act():
        raise error

    return act


USES = {
    "get": lambda store: store.get("key"),
    "put": lambda store: store.put("key", b"1"),
    "delete": lambda store: store.delete("key"),
    "lease": lambda store: store.lease("key", seconds=20),
}
ERRORS = [
    KeyError("canary"),
    ConnectionError(111, "refused"),
    TimeoutError(),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"),
    RecursionError(),
    RuntimeError("canary"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("name", USES)
def test_what_a_store_raises_is_a_store_error_with_its_cause(name, error):
    """Row I11."""
    with pytest.raises(StoreError, match=rf"has failed with {type(error).__name__}") as caught:
        USES[name](CheckedStore(Unruly(**{name: raises(error)})))
    assert caught.value.__cause__ is error
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "error", [StoreError("It is full.", hint="Empty it."), Conflict("key")], ids=["ours", "conflict"]
)
@pytest.mark.parametrize("name", ["get", "put", "delete"])
def test_what_the_protocol_allows_passes(name, error):
    with pytest.raises(type(error)) as caught:
        USES[name](CheckedStore(Unruly(**{name: raises(error)})))
    assert caught.value is error


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_program_passes(stop):
    with pytest.raises(stop):
        CheckedStore(Unruly(get=raises(stop()))).get("key")


@pytest.mark.parametrize(
    "found",
    [b"bytes", "text", 5, (b"1",), ("text", "version"), (b"1", b"\xff"), (b"1", None), (None, None), {}, 5.0],
    ids=repr,
)
def test_what_a_store_gives_for_a_record_and_is_none_is_a_store_error(found):
    """Row I11."""
    with pytest.raises(StoreError, match="has failed with TypeError"):
        CheckedStore(Unruly(get=lambda: found)).get("key")


@pytest.mark.parametrize("found", ["token", 5, (1, 2), object()], ids=lambda found: type(found).__name__)
def test_what_a_store_gives_for_a_lease_and_is_none_is_a_store_error(found):
    """Row I11."""
    store = MemoryStore()
    store.lease = lambda key, *, seconds: found
    with pytest.raises(StoreError, match="TypeError") as caught:
        CheckedStore(store).lease("key", seconds=20)
    assert type(found).__name__ in str(caught.value.__cause__)


def test_a_store_that_keeps_its_promises_is_what_it_was():
    store = CheckedStore(MemoryStore())
    assert store.get("key") is None
    version = store.put("key", b"1", if_version=ABSENT)
    assert store.get("key") == Record(b"1", version)
    with pytest.raises(Conflict):
        store.put("key", b"2", if_version=ABSENT)
    with store.lease("key", seconds=20):
        assert store.lease("key", seconds=20) is None
    assert store.delete("key", if_version=version)
    assert store.place == "memory:"
    for write in (lambda: store.put("key", b"1", if_version=None), lambda: store.delete("key", if_version=None)):
        with pytest.raises(TypeError, match="takes a version"):
            write()
    store.close()


def test_the_store_is_named_in_the_error():
    class Own(Unruly):
        place = "etcd://host/valetkey"

        def __init__(self, **acts):
            MemoryStore.__init__(self)
            self.place = "etcd://host/valetkey"
            self.acts, self.times = acts, dict.fromkeys(acts, 1)

    with pytest.raises(StoreError, match="etcd://host/valetkey"):
        CheckedStore(Own(get=raises(KeyError("x")))).get("key")


@pytest.mark.parametrize("error", ERRORS[:4], ids=lambda error: type(error).__name__)
def test_an_answer_that_an_unruly_store_refuses_for_a_while_is_not_lost(error):
    """Row I11."""
    world = World()
    store = Unruly(put=raises(error))
    store.times["put"] = 0

    def send_and_break(request):
        answer = world.server(request)
        if b'"access_token"' in answer.body:
            store.times["put"] = 3
        return answer

    engine = world.engine(store=CheckedStore(store), seams=world.seams(send=send_and_break))
    token = engine.replace(None)
    assert store.times["put"] == 0
    assert engine.stored_session().token == token


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("name", ["get", "put", "lease"])
def test_a_login_over_an_unruly_store_is_an_auth_error(name, error):
    """Row I11."""
    world = World()
    engine = world.engine(store=CheckedStore(Unruly(**{name: raises(error)})))
    with pytest.raises(AuthError):
        engine.replace(None)
    assert world.server.token_forms() == []
