# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What stands in the session store of a test."""

import sqlite3
import time
from contextlib import closing
from dataclasses import replace

from tests.haystack.calling import wait_until
from valetkey._sessions.codec import decode_session, encode_session

_SESSIONS = "key LIKE 'session:%' AND key NOT LIKE '%:intent'"


def stored_session(store):
    """Read the only session."""
    with closing(sqlite3.connect(store)) as connection:
        ((value,),) = connection.execute(f"SELECT value FROM records WHERE {_SESSIONS}").fetchall()  # noqa: S608 - the condition is a constant of this file
    return decode_session(value)


def let_expire(store):
    """Put the end of the only session's access token into the past; who reads it from now on sees an expired token."""
    session = stored_session(store)
    expired = replace(session, token=replace(session.token, expires_at=session.token.obtained_at))
    with closing(sqlite3.connect(store)) as connection:
        connection.execute(f"UPDATE records SET value = ? WHERE {_SESSIONS}", (encode_session(expired),))  # noqa: S608 - the condition is a constant of this file
        connection.commit()


def wait_until_expired(store):
    """Wait for the end of the only session's access token."""
    end = stored_session(store).token.expires_at
    wait_until(lambda: time.time() >= end)
