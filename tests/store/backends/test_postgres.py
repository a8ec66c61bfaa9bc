# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Sessions on a real PostgreSQL: its tables, its connections, what happens when it goes away, what is never said."""

import os
import signal
import threading
import time
from contextlib import ExitStack

import psycopg
import pytest

from tests.fakes.threads import LONGEST_WAIT, until
from tests.processes.child import Child
from tests.requirements import requirement
from tests.store.backends.test_redis import assert_silent, in_threads, uses
from tests.store.servers import PASSWORD, PostgresServer
from valetkey.errors import ConfigurationError, StoreBusy, StoreError
from valetkey.store import ABSENT, Conflict
from valetkey.store.backends.connection_queue import RESTED_SECONDS
from valetkey.store.backends.opening import open_backend
from valetkey.store.backends.postgres import PostgresStore

TOKEN = b"canary-83d1-refresh-token"


@pytest.fixture
def store(postgres_server):
    kept = PostgresStore(postgres_server.url)
    yield kept
    kept.close()


@pytest.fixture
def administrator(postgres_server):
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def empty(postgres_server, administrator):
    """A database of one's own, without the tables."""
    administrator.execute("CREATE DATABASE of_one_test")
    store = PostgresStore(postgres_server.url.replace("/postgres", "/of_one_test"))
    yield store
    store.close()
    administrator.execute("DROP DATABASE of_one_test WITH (FORCE)")


def test_a_restart_keeps_records_and_the_store_connects_again(postgres_server, store):
    version = store.put("restarted", b"1")
    postgres_server.restart()
    assert store.get("restarted") == (b"1", version)
    postgres_server.restart()
    assert store.put("restarted", b"2", if_version=version)


@requirement("REF-8")
def test_what_was_written_survives_a_killed_server(postgres_server, store):
    for number in range(2):
        version = store.put("killed", b"%d" % number)
        postgres_server.restart(signal.SIGKILL)
        assert store.get("killed") == (b"%d" % number, version)


def test_every_write_is_on_the_disk_when_it_returns_whatever_the_server_prefers(administrator, store):
    """With `synchronous_commit=off` a server that dies forgets what it has confirmed."""
    administrator.execute("ALTER SYSTEM SET synchronous_commit = off")
    administrator.execute("SELECT pg_reload_conf()")
    try:
        store.close()
        assert wait_until(lambda: setting_of(administrator, "synchronous_commit") == "off")
        with lock_step(administrator, store) as seen:
            store.put("durable", b"1")
        assert seen == ["on"]
    finally:
        administrator.execute("ALTER SYSTEM RESET synchronous_commit")
        administrator.execute("SELECT pg_reload_conf()")


def test_a_lease_is_on_the_disk_with_the_first_record_that_is_written_under_it(postgres_server, store):
    """A lease is not waited for: until something is written under it, nothing was sent that it has to protect."""
    lease = store.lease("protected", seconds=600)
    store.put("protected", b"intent")
    postgres_server.restart(signal.SIGKILL)
    assert store.lease("protected", seconds=20) is None
    lease.release()
    store.lease("protected", seconds=20).release()


class lock_step:  # noqa: N801 - it reads as a verb
    """A trigger writes down which setting a commit will go by."""

    def __init__(self, administrator, store):
        self.administrator = administrator
        store.put("durable", b"0")

    def __enter__(self):
        self.administrator.execute("CREATE TABLE witnessed (setting text)")
        self.administrator.execute("""
            CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN INSERT INTO witnessed VALUES (current_setting('synchronous_commit')); RETURN new; END $$
        """)
        self.administrator.execute(
            "CREATE TRIGGER witness BEFORE UPDATE ON valetkey_records FOR EACH ROW EXECUTE FUNCTION witness()"
        )
        self.seen = []
        return self.seen

    def __exit__(self, kind, error, traceback):
        self.seen += [row[0] for row in self.administrator.execute("SELECT setting FROM witnessed")]
        self.administrator.execute("DROP TRIGGER witness ON valetkey_records")
        self.administrator.execute("DROP FUNCTION witness")
        self.administrator.execute("DROP TABLE witnessed")


def test_a_server_that_is_away_is_a_store_error_and_then_forgotten(postgres_server, store):
    store.put("away", b"1")
    with postgres_server.stopped():
        for use in uses(store, "away"):
            with pytest.raises(StoreError, match=f"postgresql://127.0.0.1:{postgres_server.port}/postgres") as caught:
                use()
            assert "See whether PostgreSQL runs there" in caught.value.hint
    assert store.get("away").value == b"1"


def test_a_lease_given_back_while_the_server_is_away_is_no_error(postgres_server, store):
    lease = store.lease("away", seconds=20)
    with postgres_server.stopped():
        lease.release()
    assert store.lease("away", seconds=20) is None, "it ends by itself"


def test_a_connection_that_the_server_has_ended_is_replaced_before_it_is_used(administrator, store):
    store.put("ended", b"1")
    for _ in range(2):
        administrator.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'valetkey'"
        )
        until(lambda: time.monotonic() - store._connections._queue._idle[0][0] >= RESTED_SECONDS)
        assert store.get("ended").value == b"1"


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE valetkey_records ALTER value TYPE text USING 'no bytes'",
        "ALTER TABLE valetkey_records ALTER version TYPE bytea USING '\\xff'",
        "ALTER TABLE valetkey_records ALTER version DROP NOT NULL; UPDATE valetkey_records SET version = NULL",
        "ALTER TABLE valetkey_records ALTER value DROP NOT NULL; UPDATE valetkey_records SET value = NULL",
        "ALTER TABLE valetkey_records RENAME value TO content",
    ],
)
def test_a_table_that_another_program_has_changed_is_a_store_error(empty, change):
    """Row I11."""
    empty.put("key", b"1")
    with psycopg.connect(empty._connections._settings, autocommit=True) as connection:
        connection.execute(change)
    with pytest.raises(StoreError, match="postgresql://") as caught:
        empty.get("key")
    assert caught.value.hint


@pytest.fixture
def impatient(postgres_server):
    kept = PostgresStore(postgres_server.url, seconds=0.5)
    yield kept
    kept.close()


def test_a_server_that_does_not_answer_is_a_store_error_in_time(impatient):
    impatient.put("frozen", b"1")
    for use in uses(impatient, "frozen"):
        with impatient._connections.one() as connection:
            process = connection.info.backend_pid
        os.kill(process, signal.SIGSTOP)
        try:
            started = time.monotonic()
            with pytest.raises(StoreError):
                use()
            assert time.monotonic() - started < 8  # the limit is half a second, and would be 10 if it did not count
        finally:
            os.kill(process, signal.SIGCONT)
    assert impatient.get("frozen") is not None


def test_a_lock_on_the_tables_is_waited_for_and_then_an_error(postgres_server, impatient):
    store = impatient
    store.put("locked", b"1")
    with psycopg.connect(postgres_server.url) as other:
        other.execute("LOCK TABLE valetkey_records IN EXCLUSIVE MODE")
        with pytest.raises(StoreError, match="statement timeout") as caught:
            store.put("locked", TOKEN)
        assert "try again" in caught.value.hint
        assert store.get("locked").value == b"1"
    assert store.put("locked", b"2")


CREATE = """
    import sys
    from valetkey.store import ABSENT, Conflict
    from valetkey.store.backends.postgres import PostgresStore

    store = PostgresStore(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        store.put("first", b"1", if_version=ABSENT)
        print("first")
    except Conflict:
        print("later")
    store.lease(sys.argv[2], seconds=20).release()
    store.close()
"""


def test_many_that_begin_at_once_make_the_tables_once(postgres_server, administrator):
    administrator.execute("DROP TABLE IF EXISTS valetkey_records, valetkey_leases")
    with ExitStack() as stack:
        children = [stack.enter_context(Child(CREATE, postgres_server.url, number)) for number in range(20)]
        for child in children:
            assert child.hear() == "ready"
        for child in children:
            child.tell()
        said = sorted(child.succeed().strip() for child in children)
    assert said == ["first"] + ["later"] * 19


def test_reading_makes_no_tables(empty):
    assert empty.get("key") is None
    assert empty.keys() == []
    with empty._connections.one() as connection:
        assert connection.execute("SELECT to_regclass('valetkey_records')").fetchone() == (None,)


def test_the_first_write_makes_them_whatever_it_is(empty):
    for use in [lambda: empty.delete("key"), lambda: empty.put("key", b"1", if_version=ABSENT)]:
        use()
    with pytest.raises(Conflict):
        empty.delete("other", if_version="gone")
    assert empty.lease("key", seconds=20) is not None


def test_tables_that_disappear_are_made_again(store, administrator):
    store.put("dropped", b"1")
    administrator.execute("DROP TABLE valetkey_records")
    assert store.get("dropped") is None
    store.put("dropped", b"2", if_version=ABSENT)
    assert store.get("dropped").value == b"2"


@pytest.fixture
def reader(postgres_server, administrator, store):
    store.put("key", b"1")
    administrator.execute(f"CREATE USER reader PASSWORD '{PASSWORD}'")
    administrator.execute("GRANT SELECT ON valetkey_records TO reader")
    kept = PostgresStore(postgres_server.url.replace("keeper:", "reader:"))
    yield kept
    kept.close()
    administrator.execute("DROP OWNED BY reader")
    administrator.execute("DROP USER reader")


def test_a_user_without_the_rights_is_told_which_tables_it_needs(reader):
    assert reader.get("key").value == b"1"
    with pytest.raises(StoreError, match="permission denied") as caught:
        reader.put("key", TOKEN)
    assert "CREATE TABLE IF NOT EXISTS valetkey_records" in caught.value.hint
    assert_silent(caught.value, TOKEN.decode())


def test_the_details_of_an_error_are_not_shown_because_they_hold_the_row(store, administrator):
    store.put("key", b"1")
    administrator.execute("ALTER TABLE valetkey_records ADD CONSTRAINT short CHECK (length(value) < 20) NOT VALID")
    try:
        with pytest.raises(StoreError, match="violates check constraint") as caught:
            store.put("key", TOKEN)
        assert_silent(caught.value, TOKEN.decode())
        assert_silent(caught.value, TOKEN.hex())
    finally:
        administrator.execute("ALTER TABLE valetkey_records DROP CONSTRAINT short")


def test_a_server_that_may_only_be_read_is_an_error_that_names_the_way_to_another(
    postgres_server, administrator, store
):
    store.put("key", b"1")
    administrator.execute("ALTER ROLE keeper SET default_transaction_read_only = on")
    reading = PostgresStore(postgres_server.url)
    try:
        assert reading.get("key").value == b"1"
        with pytest.raises(StoreError, match="read-only transaction") as caught:
            reading.put("key", b"2")
        assert "target_session_attrs" in caught.value.hint
    finally:
        reading.close()
        administrator.execute("ALTER ROLE keeper RESET default_transaction_read_only")


@requirement("SEC-11")
def test_no_password_is_in_any_error(postgres_server):
    store = PostgresStore(postgres_server.url.replace(PASSWORD, "hunter2"))
    for use in uses(store, "key"):
        with pytest.raises(StoreError, match="authentication failed") as caught:
            use()
        assert_silent(caught.value, "hunter2")
    assert "hunter2" not in repr(store)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hunter2@host/db?no_such_option=hunter2",
        "postgresql://u:hunter2@[host/db",
        "postgresql://u:hunter2@host/db?sslmode",
    ],
)
@requirement("SEC-11")
def test_a_url_that_is_not_understood_is_not_repeated(url):
    with pytest.raises(ConfigurationError, match="not understood") as caught:
        open_backend(url)
    assert_silent(caught.value, "hunter2")


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_a_url_of_postgresql_names_such_a_store(scheme):
    assert isinstance(open_backend(f"{scheme}://database.example.com/sessions"), PostgresStore)


def test_nothing_is_prepared_on_the_server(store):
    """A PgBouncer gives each transaction another session of the server."""
    for _ in range(12):
        store.put("prepared", b"1")
        store.get("prepared")
    with store._connections.one() as connection:
        assert connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)


def test_no_lock_is_held_while_a_lease_is(store, administrator):
    with store.lease("key", seconds=20):
        (held,) = administrator.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE application_name = 'valetkey'"
        ).fetchone()
    assert held == 0


def test_settings_of_a_transaction_end_with_it(store):
    store.put("key", b"1")
    with store._connections.one() as connection:
        assert setting_of(connection, "statement_timeout") == "0"


@pytest.mark.parametrize("isolation", ["serializable", "repeatable read"])
def test_another_default_isolation_makes_no_other_errors(postgres_server, administrator, isolation):
    """There, a write after somebody else's would fail to be serialized, and not be a conflict."""
    administrator.execute(f"ALTER ROLE keeper SET default_transaction_isolation = '{isolation}'")
    store = PostgresStore(postgres_server.url)
    try:
        version, won, lost = store.put("key", b"0"), [], []
        start = threading.Barrier(8)

        def write(number):
            start.wait(LONGEST_WAIT)
            try:
                won.append(store.put("key", b"%d" % number, if_version=version))
            except Conflict:
                lost.append(number)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LONGEST_WAIT)
        assert (len(won), len(lost)) == (1, 7)
    finally:
        store.close()
        administrator.execute("ALTER ROLE keeper RESET default_transaction_isolation")


def test_many_threads_share_a_few_connections(store, administrator):
    start, failures = threading.Barrier(30), []

    def use(number):
        start.wait(LONGEST_WAIT)
        try:
            for _ in range(5):
                store.put(f"thread {number}", b"1")
                assert store.get(f"thread {number}").value == b"1"
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=use, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST_WAIT)
    assert failures == []
    (count,) = administrator.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'valetkey' AND pid <> pg_backend_pid()"
    ).fetchone()
    assert 1 <= count <= 8 + 1  # the store of another test may be just closing


def test_a_forked_child_leaves_its_parents_connections_alone(postgres_server):
    code = """
        import os, sys
        from valetkey.store.backends.postgres import PostgresStore

        store = PostgresStore(sys.argv[1])
        version = store.put("forked", b"1")
        child = os.fork()
        if child == 0:
            assert store.get("forked") == (b"1", version)
            store.put("forked by child", b"2")
            store.close()
            sys.exit(0)  # and everything it has is collected
        assert os.waitpid(child, 0)[1] == 0
        assert store.get("forked") == (b"1", version)
        with store._connections.one() as connection:
            print(connection.execute("SELECT 1").fetchone()[0])
        store.close()
    """
    with Child(code, postgres_server.url) as child:
        assert child.succeed() == "1\n"


def test_a_url_may_leave_the_address_to_the_environment(postgres_server, monkeypatch):
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    monkeypatch.setenv("PGPORT", str(postgres_server.port))
    monkeypatch.setenv("PGUSER", "keeper")
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    store = PostgresStore("postgresql:///postgres")
    store.put("key", b"1")
    store.close()


def setting_of(connection, name):
    return connection.execute("SELECT current_setting(%s)", (name,)).fetchone()[0]


def wait_until(is_so):
    deadline = time.monotonic() + 10
    while not is_so() and time.monotonic() < deadline:
        os.sched_yield()
    return is_so()


@pytest.fixture
def crowded(open_folder):
    """A server that takes six connections, one of which is for its administrator."""
    server = PostgresServer(open_folder / "crowded")
    server.settings = {"max_connections": "6", "superuser_reserved_connections": "1", "max_wal_senders": "0"}
    with server:
        yield server


def test_a_server_that_takes_no_more_connections_is_waited_for(crowded):
    """Several processes share it: here each store is one. Row J4."""
    stores = [PostgresStore(crowded.url) for _ in range(4)]

    def use(number):
        store = stores[number % 4]
        store.put(f"thread {number}", b"1")
        assert store.get(f"thread {number}").value == b"1"

    assert in_threads(80, use) == []
    for store in stores:
        store.close()


def test_a_server_that_never_takes_another_connection_is_busy_and_not_away(crowded, monkeypatch):
    """Row J4."""
    monkeypatch.setattr("valetkey.store.backends.postgres_connections.PATIENCE_SECONDS", 0.3)
    store = PostgresStore(crowded.url)
    with ExitStack() as stack:
        for _ in range(6):
            stack.enter_context(psycopg.connect(crowded.url))
        for use in uses(store, "key"):
            with pytest.raises(StoreBusy, match=f"postgresql://127.0.0.1:{crowded.port}/postgres is busy") as caught:
                use()
            assert caught.value.hint == "Try again in a moment."
            assert_silent(caught.value, PASSWORD)
    store.close()


def test_a_role_that_may_have_no_more_connections_is_waited_for(postgres_server, administrator):
    """Row J4."""
    administrator.execute(f"CREATE USER few PASSWORD '{PASSWORD}' CONNECTION LIMIT 2")
    administrator.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO few")
    stores = [PostgresStore(postgres_server.url.replace("keeper:", "few:")) for _ in range(3)]
    try:
        assert in_threads(30, lambda number: stores[number % 3].get("key")) == []
    finally:
        for store in stores:
            store.close()
        administrator.execute("DROP OWNED BY few")
        administrator.execute("DROP USER few")


def test_a_request_to_a_server_begins_no_thread(store):
    """Row J4."""
    store.put("key", b"1")
    begun = []
    start = threading.Thread.start
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", lambda thread: (begun.append(thread.name), start(thread)))
        for _ in range(5):
            store.put("key", b"1")
    assert set(begun) <= {"valetkey-upkeep"}
    assert len(begun) <= 1
