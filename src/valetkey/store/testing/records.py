# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What records promise: any bytes under any text, and writes on the condition of a version."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from valetkey.store.encryption.encrypted import Listing, list_keys
from valetkey.store.protocol import ABSENT, ANY, Condition, Conflict, Record, Store
from valetkey.store.testing.promise import (
    LEASE_SECONDS,
    Check,
    Open,
    expect,
    expect_conflict,
    in_threads,
    new_key,
    taken,
)

_VALUES = (b"", b"{}", bytes(range(256)), "schlüssel ключ 鍵".encode(), b"x" * 100_000)
_ENDINGS = ("", ":intent", "'; DROP TABLE records; --", "ключ", "}{", " ", "%s", "*", "\\")


def check_absent(open_store: Open) -> None:
    """A record that was never written is neither read nor deleted."""
    store, key = open_store(), new_key()
    expect(store.get(key) is None, "what was never written is not there")
    expect(not store.delete(key), "deleting nothing tells so")
    store.close()


def check_values(open_store: Open) -> None:
    """A value is read as it was written, whatever its bytes are."""
    store, key = open_store(), new_key()
    for value in _VALUES:
        version = store.put(key, value)
        expect(store.get(key) == Record(value, version), "a value is read as it was written, with its version")
    store.delete(key)
    store.close()


def check_keys(open_store: Open) -> None:
    """A key is any text; no two run into each other, and one record is deleted without the others."""
    store, key = open_store(), new_key()
    keys = [*(key + ending for ending in _ENDINGS), key.upper()]
    for each in keys:
        store.put(each, each.encode())
    expect(all(_value(store, each) == each.encode() for each in keys), "each key has a record of its own")
    for number, each in enumerate(keys):
        store.delete(each)
        expect(all(store.get(other) is not None for other in keys[number + 1 :]), "only the named record is deleted")
    expect(all(store.get(each) is None for each in keys), "what is deleted is gone")
    store.close()


def check_versions(open_store: Open) -> None:
    """Every write makes a version that was never there before, also for the same value and after a deletion."""
    store, key = open_store(), new_key()
    versions = []
    for _ in range(5):
        versions += [store.put(key, b"same"), store.put(key, b"same")]
        store.delete(key)
    expect(len(set(versions)) == len(versions), "no version comes twice")
    _create(store, key, b"new")
    expect_conflict(lambda: store.put(key, b"late", if_version=versions[-1]), "the version of a deleted record is over")
    expect(_value(store, key) == b"new", "a conflict changes nothing")
    store.delete(key)
    store.close()


def check_conditional_writes(open_store: Open) -> None:
    """A write happens on the version it names, and nowhere else."""
    store, key = open_store(), new_key()
    expect_conflict(lambda: store.put(key, b"0", if_version="gone"), "no record has no version")
    expect(store.get(key) is None, "a conflict writes nothing")
    first = _create(store, key, b"1")
    expect_conflict(lambda: store.put(key, b"2", if_version=ABSENT), "what is there is not created again")
    second = store.put(key, b"2", if_version=first)
    for wanted in (first, "", "another"):
        expect_conflict(partial(store.put, key, b"3", if_version=wanted), "another version is a conflict")
    expect(store.get(key) == Record(b"2", second), "a conflict changes nothing")
    store.put(key, b"4", if_version=ANY)
    expect(_value(store, key) == b"4", "a write without a condition takes the place of anything")
    store.delete(key)
    store.close()


def check_conditional_deletions(open_store: Open) -> None:
    """A deletion happens on the version it names, and nowhere else."""
    store, key = open_store(), new_key()
    expect_conflict(lambda: store.delete(key, if_version="gone"), "no record has no version")
    expect(not store.delete(key, if_version=ABSENT), "nothing is there, as was said")
    version = store.put(key, b"1")
    for wanted in (ABSENT, "", "another"):
        expect_conflict(partial(store.delete, key, if_version=wanted), "another version is a conflict")
    expect(store.get(key) == Record(b"1", version), "a conflict deletes nothing")
    expect(store.delete(key, if_version=version), "a deletion tells that something was there")
    expect(store.get(key) is None, "what is deleted is gone")
    store.close()


def check_conditions(open_store: Open) -> None:
    """None is no condition: it could mean `ABSENT` as well as `ANY`, so it is a TypeError and changes nothing."""
    store, key = open_store(), new_key()
    writes: tuple[Callable[..., object], ...] = (partial(store.put, key, b"2"), partial(store.delete, key))
    for write in writes:
        _expect_type_error(write)
    expect(store.get(key) is None, "a write without a valid condition writes nothing")
    version = store.put(key, b"1")
    for write in writes:
        _expect_type_error(write)
    expect(store.get(key) == Record(b"1", version), "a write without a valid condition changes nothing")
    store.delete(key)
    store.close()


def _expect_type_error(write: Callable[..., object]) -> None:
    try:
        write(if_version=None)
    except TypeError:
        return
    except Conflict:
        pass
    message = "`if_version=None` is a TypeError"
    raise AssertionError(message)


def check_racing_writers(open_store: Open) -> None:
    """Of several threads that write on one version, exactly one does; and one of those that create a record."""
    store, key = open_store(), new_key()
    for version in (ABSENT, store.put(key + ":there", b"start")):
        each = key if version is ABSENT else key + ":there"
        won: list[str] = []

        def write(number: int, each: str = each, version: Condition = version, won: list[str] = won) -> None:
            with suppress(Conflict):
                won.append(store.put(each, b"%d" % number, if_version=version))

        in_threads(write, 6)
        record = store.get(each)
        expect(len(won) == 1, "one writer wins, and the others know that they have lost")
        expect(record is not None and record.version == won[0], "what the winner wrote is there")
        store.delete(each)
    store.close()


def check_two_views(open_store: Open) -> None:
    """A record that one object of the store has written is read, and protected by its version, through another one."""
    one, other, key = open_store(), open_store(), new_key()
    version = one.put(key, b"1")
    expect(other.get(key) == Record(b"1", version), "a record is seen through every object of the store at once")
    other.put(key, b"2", if_version=version)
    expect_conflict(lambda: one.put(key, b"3", if_version=version), "what others have written is a conflict")
    one.delete(key)
    expect(other.get(key) is None, "a deleted record is gone for every object of the store")
    one.close()
    if other is not one:
        other.close()


def check_listing(open_store: Open) -> None:
    """A backend that can list its records, which is optional, lists each of them and no leases."""
    store, key = open_store(), new_key()
    if not isinstance(store, Listing):
        store.close()
        return
    names = [key, key + "ключ", key + "}{*"]
    for name in names:
        store.put(name, b"1")
    with taken(store.lease(key + "leased", seconds=LEASE_SECONDS), "a free lease is given"):
        found = sorted(name for name in list_keys(store) if name.startswith(key))
        expect(found == sorted(names), "each record is listed once, and nothing else")
    for name in names:
        store.delete(name)
    expect(not any(name.startswith(key) for name in list_keys(store)), "what is deleted is not listed")
    store.close()


def _create(store: Store, key: str, value: bytes) -> str:
    try:
        return store.put(key, value, if_version=ABSENT)
    except Conflict:
        message = "a record that is not there is created by `if_version=ABSENT`"
        raise AssertionError(message) from None


def _value(store: Store, key: str) -> bytes | None:
    record = store.get(key)
    return None if record is None else record.value


RECORDS: tuple[Check, ...] = (
    check_absent,
    check_values,
    check_keys,
    check_versions,
    check_conditional_writes,
    check_conditional_deletions,
    check_conditions,
    check_racing_writers,
    check_two_views,
    check_listing,
)
"""What records promise."""
