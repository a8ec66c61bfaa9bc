# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Sessions on a real Redis: what it must be set to, what happens when it goes away, and what is never said."""

import re
import signal
import socket
import threading
import time
from contextlib import ExitStack

import pytest
import redis

from tests.fakes.threads import LONGEST_WAIT
from tests.requirements import requirement
from tests.store.servers import PASSWORD, RedisServer
from valetkey.errors import ConfigurationError, StoreBusy, StoreError
from valetkey.store import Conflict
from valetkey.store.backends.opening import open_backend
from valetkey.store.backends.redis import RedisStore

TOKEN = b"canary-83d1-refresh-token"


@pytest.fixture
def store(redis_server):
    kept = RedisStore(redis_server.url)
    yield kept
    kept.close()


@pytest.fixture
def started(open_folder, request):
    """A server of one's own, with the settings of the test."""
    with RedisServer(open_folder / "redis-of-one-test", **getattr(request, "param", {})) as server:
        yield server


def opened(server, options=""):
    return RedisStore(server.url + options)


def test_a_restart_keeps_records_and_the_store_connects_again(redis_server, store):
    version = store.put("restarted", b"1")
    redis_server.restart()
    assert store.get("restarted") == (b"1", version)
    assert store.put("restarted", b"2", if_version=version)


def test_leases_are_extended_together_on_the_connection_that_is_there(started):
    store, other = opened(started), redis.Redis.from_url(started.url)
    held = {key: store.lease(key, seconds=20) for key in ("one", "two", "three")}
    owners = {key: lease._owner for key, lease in held.items()}
    assert store.extend({**owners, "two": "another owner"}, 20.0) == {"one", "three"}
    assert len(other.client_list()) == 2
    for lease in held.values():
        lease.release()
    store.close()
    other.close()


def test_an_extension_that_fails_leaves_no_answer_behind(started):
    store, other = opened(started), redis.Redis.from_url(started.url)
    store.put("key", b"1")
    other.rpush("valetkey:{list}:lease", "no text")
    with pytest.raises(StoreError):
        store.extend({"one": "owner", "list": "owner", "two": "owner"}, 20.0)
    assert store.get("key").value == b"1"
    store.close()
    other.close()


@requirement("REF-8")
def test_what_was_written_survives_a_killed_server(redis_server, store):
    for number in range(3):
        version = store.put("killed", b"%d" % number)
        redis_server.restart(signal.SIGKILL)
        assert store.get("killed") == (b"%d" % number, version)


def test_a_server_that_is_away_is_a_store_error_and_then_forgotten(redis_server, store):
    store.put("away", b"1")
    with redis_server.stopped():
        for use in uses(store, "away"):
            with pytest.raises(StoreError, match=f"redis://127.0.0.1:{redis_server.port}/0") as caught:
                use()
            assert "See whether Redis runs there" in caught.value.hint
    assert store.get("away").value == b"1"


@pytest.mark.parametrize(
    "command",
    [
        r'HSET valetkey:{foreign} value 1 version "\xff\xfe"',
        "HSET valetkey:{foreign} version 1",
        "SET valetkey:{foreign} 1",
        "RPUSH valetkey:{foreign} 1",
    ],
)
def test_a_record_that_another_program_has_written_is_a_store_error(redis_server, store, command):
    """Row I11."""
    redis_server.ask(f"AUTH {PASSWORD}", "DEL valetkey:{foreign}", command)
    with pytest.raises(StoreError, match=f"redis://127.0.0.1:{redis_server.port}/0") as caught:
        store.get("foreign")
    assert caught.value.hint
    redis_server.ask(f"AUTH {PASSWORD}", "DEL valetkey:{foreign}")


def test_a_key_that_another_program_has_written_in_no_encoding_is_a_store_error(redis_server, store):
    """Row I11."""
    redis_server.ask(f"AUTH {PASSWORD}", r'SET "valetkey:{\xff\xfe}" 1')
    with pytest.raises(StoreError, match="holds something that Valetkey has not written"):
        store.keys()
    redis_server.ask(f"AUTH {PASSWORD}", r'DEL "valetkey:{\xff\xfe}"')


def test_a_lease_given_back_while_the_server_is_away_is_no_error(redis_server, store):
    lease = store.lease("away", seconds=20)
    with redis_server.stopped(signal.SIGKILL):
        lease.release()
    assert store.lease("away", seconds=20) is None, "it ends by itself"


def test_a_server_that_does_not_answer_is_a_store_error_in_time(redis_server):
    store = RedisStore(redis_server.url + "?socket_timeout=0.4")
    store.put("frozen", b"1")
    redis_server.process.send_signal(signal.SIGSTOP)
    try:
        for use in uses(store, "frozen"):
            started = time.monotonic()
            with pytest.raises(StoreError, match="no answer in time"):
                use()
            assert time.monotonic() - started < 8  # the limit is half a second, and would be 10 if it did not count
    finally:
        redis_server.process.send_signal(signal.SIGCONT)
    store.close()


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_one(redis_server):
    store = RedisStore(redis_server.url + "?socket_timeout=0.4")
    store.put("late one", b"1")
    store.put("late other", b"2")
    redis_server.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(StoreError):
            store.get("late one")
    finally:
        redis_server.process.send_signal(signal.SIGCONT)
    assert store.get("late other").value == b"2"
    store.close()


@pytest.mark.parametrize(
    ("started", "fault", "hint"),
    [
        ({"appendonly": "no"}, "no append-only file", "appendonly yes"),
        ({"appendonly": "no", "save": "3600 1"}, "no append-only file", "appendonly yes"),
        ({"appendfsync": "no"}, "appendfsync no", "appendfsync always"),
        ({"maxmemory": "50mb", "maxmemory_policy": "allkeys-lru"}, "evicts keys", "maxmemory-policy noeviction"),
        ({"maxmemory": "50mb", "maxmemory_policy": "volatile-ttl"}, "evicts keys", "maxmemory-policy noeviction"),
    ],
    indirect=["started"],
)
def test_a_server_that_would_lose_sessions_is_refused_with_what_to_set(started, fault, hint):
    store = opened(started)
    for use in uses(store, "key"):
        with pytest.raises(StoreError, match=fault) as caught:
            use()
        assert hint in caught.value.hint
        assert PASSWORD not in str(caught.value)
    store.close()


@pytest.mark.parametrize(
    "started",
    [
        {"appendfsync": "everysec"},
        {"maxmemory_policy": "allkeys-lru"},  # which is never asked while there is no limit
        {"maxmemory": "50mb", "maxmemory_policy": "noeviction"},
    ],
    indirect=True,
)
def test_a_server_that_keeps_what_it_has_is_accepted(started):
    store = opened(started)
    store.put("key", b"1")
    store.close()


@pytest.mark.parametrize("started", [{"appendonly": "no"}], indirect=True)
def test_a_server_without_persistence_is_accepted_when_that_is_written_out(started):
    store = opened(started, "?persistence=unchecked")
    store.put("key", b"1")
    store.close()


@pytest.mark.parametrize("started", [{"maxmemory": "50mb", "maxmemory_policy": "allkeys-lru"}], indirect=True)
def test_eviction_is_refused_all_the_same(started):
    store = opened(started, "?persistence=unchecked")
    with pytest.raises(StoreError, match="evicts keys"):
        store.get("key")
    store.close()


def test_a_server_that_comes_back_with_other_settings_is_looked_at_again(started):
    store = opened(started)
    store.put("key", b"1")
    with started.stopped():
        with pytest.raises(StoreError):
            store.get("key")
        started.settings["appendonly"] = "no"
    with pytest.raises(StoreError, match="append-only file"):
        store.get("key")
    store.close()


@pytest.mark.parametrize("forbidden", ["-info -config", "-config", "-info"])
def test_a_service_that_tells_nothing_about_itself_is_accepted(started, forbidden):
    started.ask(f"AUTH {PASSWORD}", f"ACL SETUSER keeper on >{PASSWORD} ~valetkey:* +@all {forbidden}")
    store = RedisStore(started.url.replace("redis://:", "redis://keeper:"))
    version = store.put("key", b"1")
    with store.lease("key", seconds=20):
        assert store.get("key") == (b"1", version)
    assert store.delete("key")
    store.close()


def test_a_user_without_the_rights_is_told_so(started):
    started.ask(f"AUTH {PASSWORD}", f"ACL SETUSER reader on >{PASSWORD} ~valetkey:* +@read +info +config +hello")
    store = RedisStore(started.url.replace("redis://:", "redis://reader:"))
    assert store.get("key") is None
    with pytest.raises(StoreError, match="refuses the user") as caught:
        store.put("key", TOKEN)
    assert TOKEN.decode() not in str(caught.value)
    store.close()


@pytest.mark.parametrize("started", [{"maxmemory": "50mb", "maxmemory_policy": "noeviction"}], indirect=True)
def test_a_full_memory_refuses_the_write_and_keeps_what_is_there(started):
    store = opened(started)
    version = store.put("key", b"old")
    started.ask(f"AUTH {PASSWORD}", "CONFIG SET maxmemory 1")
    with pytest.raises(StoreError, match="its memory is full") as caught:
        store.put("key", b"new", if_version=version)
    assert "more memory" in caught.value.hint
    assert store.get("key") == (b"old", version)
    store.close()


@requirement("SEC-11")
def test_no_password_is_in_any_error(redis_server, monkeypatch):
    for url in (redis_server.url.replace(PASSWORD, "hunter2"), f"redis://u:hunter2@127.0.0.1:{redis_server.port}/0"):
        store = RedisStore(url)
        for use in uses(store, "key"):
            with pytest.raises(StoreError, match="refuses the user") as caught:
                use()
            assert_silent(caught.value, "hunter2")
        assert "hunter2" not in repr(store)
        store.close()


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hunter2@127.0.0.1:port/0",
        "redis://:hunter2@127.0.0.1/0?no_such_option=hunter2",
        "redis://:hunter2@127.0.0.1/0?socket_timeout=hunter2",
        "redis://:hunter2@127.0.0.1/0?persistence=off",
        "redis://:hunter2@127.0.0.1/0?persistence=",
    ],
)
@requirement("SEC-11")
def test_a_url_that_is_not_understood_is_not_repeated(url):
    with pytest.raises(ConfigurationError, match="not understood") as caught:
        open_backend(url)
    assert_silent(caught.value, "hunter2")


def test_a_server_too_old_for_a_command_does_not_make_us_show_what_was_sent():
    """Such servers quote the arguments of what they do not know."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answered = threading.Thread(target=answer_with_an_echo, args=(listener,), daemon=True)
        answered.start()
        store = RedisStore(f"redis://127.0.0.1:{listener.getsockname()[1]}/0")
        with pytest.raises(StoreError, match="answered with an error") as caught:
            store.put("key", TOKEN)
        store.close()
    answered.join(LONGEST_WAIT)
    assert_silent(caught.value, TOKEN.decode())


def answer_with_an_echo(listener):
    connection, _ = listener.accept()
    with connection:
        while heard := connection.recv(65536):
            for command in re.split(rb"(?:^|\r\n)\*\d+\r\n", heard)[1:]:
                said = command.replace(b"\r\n", b" ").replace(b"\n", b" ")
                connection.sendall(b"-ERR unknown command, with args beginning with: " + said + b"\r\n")


def test_records_and_leases_of_one_key_lie_on_one_node_of_a_cluster(redis_server, store):
    store.put("slot", b"1")
    with store.lease("slot", seconds=20):
        said = redis_server.ask(f"AUTH {PASSWORD}", "KEYS valetkey:{slot}*")
    assert b"valetkey:{slot}\r\n" in said
    assert b"valetkey:{slot}:lease\r\n" in said


def test_a_record_that_is_kept_does_not_expire_and_a_lease_does(redis_server, store):
    store.put("lasting", b"1")
    with store.lease("lasting", seconds=20):
        said = redis_server.ask(f"AUTH {PASSWORD}", "TTL valetkey:{lasting}", "TTL valetkey:{lasting}:lease")
    lasting, ending = (int(line[1:]) for line in said.split(b"\r\n") if line.startswith(b":"))
    assert lasting == -1
    assert 0 < ending <= 20


@pytest.mark.parametrize("scheme", ["redis", "rediss", "unix"])
def test_a_url_of_redis_names_such_a_store(scheme):
    place = "/run/redis.sock?db=1" if scheme == "unix" else "redis.example.com/0"
    assert isinstance(open_backend(f"{scheme}://{place}"), RedisStore)


def test_a_server_behind_a_socket_of_this_computer_can_be_used(open_folder):
    with RedisServer(open_folder / "redis-behind-a-socket", unixsocket=open_folder / "redis.sock") as server:
        store = RedisStore(f"unix://:{PASSWORD}@{open_folder}/redis.sock?db=0")
        store.put("key", b"1")
        assert store.get("key").value == b"1"
        with server.stopped(), pytest.raises(StoreError) as caught:
            store.get("key")
        assert_silent(caught.value, PASSWORD)
        store.close()


def test_a_conflict_is_no_store_error(store):
    with pytest.raises(Conflict):
        store.put("conflict", b"1", if_version="another")


def uses(store, key):
    return [
        lambda: store.get(key),
        lambda: store.put(key, TOKEN),
        lambda: store.delete(key),
        lambda: store.lease(key, seconds=20),
    ]


def assert_silent(error, secret):
    told = [error]
    while told[-1].__cause__ is not None or (told[-1].__context__ is not None and not told[-1].__suppress_context__):
        told.append(told[-1].__cause__ or told[-1].__context__)
    assert not any(secret in str(each) + repr(each) + str(getattr(each, "hint", "")) for each in told)


def in_threads(count, work):
    """Run a function in many threads at the same moment; give what they raised."""
    start, failures = threading.Barrier(count), []

    def run(number):
        start.wait(LONGEST_WAIT)
        try:
            work(number)
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST_WAIT)
        assert not thread.is_alive()
    return failures


@pytest.mark.parametrize(("options", "most"), [("", 8), ("?max_connections=3", 3), ("?max_connections=20", 20)])
def test_many_threads_share_as_many_connections_as_the_url_says_and_none_fails(redis_server, options, most):
    """Row J4."""
    store, seen = RedisStore(redis_server.url + options), []

    def use(number):
        for _ in range(3):
            store.put(f"thread {number}", b"1")
            seen.append(store._connections._open)
            assert store.get(f"thread {number}").value == b"1"

    assert in_threads(100, use) == []
    assert max(seen) <= most
    store.close()


@pytest.mark.parametrize("started", [{"maxclients": "6"}], indirect=True)
def test_a_server_that_takes_no_more_clients_is_waited_for(started):
    """Several processes share it: here each store is one. Row J4."""
    stores = [RedisStore(started.url) for _ in range(4)]

    def use(number):
        store = stores[number % 4]
        store.put(f"thread {number}", b"1")
        assert store.get(f"thread {number}").value == b"1"

    assert in_threads(80, use) == []
    for store in stores:
        store.close()


@pytest.mark.parametrize("started", [{"maxclients": "4"}], indirect=True)
def test_a_server_that_never_takes_another_client_is_busy_and_not_away(started, monkeypatch):
    """Row J4."""
    monkeypatch.setattr("valetkey.store.backends.redis.PATIENCE_SECONDS", 0.3)
    store = RedisStore(started.url)
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(socket.create_connection(("127.0.0.1", started.port)))
        for use in uses(store, "key"):
            with pytest.raises(StoreBusy, match=f"redis://127.0.0.1:{started.port}/0 is busy") as caught:
                use()
            assert caught.value.hint == "Try again in a moment."
    store.close()
