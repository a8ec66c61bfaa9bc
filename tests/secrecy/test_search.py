# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The search finds what a careless program shows: in every place, in every spelling, and where it is only a part."""

import json
import logging
import os
import pickle
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from tests.fakes.echoes import SPELLINGS
from tests.secrecy import watch as places
from tests.secrecy.canaries import Canaries
from tests.secrecy.test_haystack import written_by
from valetkey.errors import LoginRequired, TemporaryError


class Careless:
    """An object of ours that shows its secret, and can be pickled."""

    def __init__(self, secret):
        self.secret = secret

    def __repr__(self):
        return f"Careless({self.secret})"

    def to_dict(self):
        return {"secret": self.secret}


class Picklable:
    """An object whose pickle alone has its secret."""

    def __init__(self, secret):
        self.secret = secret


class OnlyInCopies:
    """An object whose copy shows what it does not show itself."""

    def __init__(self, secret, *, shows=False):
        self._secret = secret
        self._shows = shows

    def __repr__(self):
        return self._secret if self._shows else "…"

    def __copy__(self):
        return type(self)(self._secret, shows=True)

    def __reduce__(self):
        raise TypeError


def logged(scene, secret):
    logging.getLogger("some.library").debug("sent %s", secret)


def logged_as_argument(scene, secret):
    logging.getLogger("some.library").debug("%.3s", secret)


def logged_with_an_error(scene, secret):
    try:
        raise ValueError(secret)
    except ValueError:
        logging.getLogger("some.library").warning("it failed", exc_info=True)


def logged_by_the_transport(scene, secret):
    logging.getLogger("httpcore2.http11").debug("receive_response_headers.complete return_value=%r", [secret])


def logged_of_a_request(scene, secret):
    logging.getLogger("httpcore2.http11").debug("send_request_headers.started request=%r", [secret])


def behind_an_error(scene, secret):
    def fails():
        try:
            try:
                raise ValueError(secret)
            except ValueError as error:
                raise OSError from error
        except OSError:
            message = "It failed."
            raise TemporaryError(message, hint="Try again.") from None

    scene.watch.fails(fails)


def in_an_attribute_of_an_error(scene, secret):
    def fails():
        error = ValueError("it")
        error.request = [secret]
        raise error

    scene.watch.fails(fails)


def in_a_note(scene, secret):
    def fails():
        error = ExceptionGroup("two", [ValueError("one")])
        error.exceptions[0].add_note(secret)
        raise error

    scene.watch.fails(fails)


def in_the_link_of_an_error(scene, secret):
    def fails():
        message = "A person is needed."
        raise LoginRequired(message, hint="Log in.", authorization_url=f"https://as.example/?state={secret}")

    scene.watch.fails(fails)


def in_an_object(scene, secret):
    scene.watch.roots.append({"engine": [(Careless(secret),)]})


def in_a_pickle(scene, secret):
    scene.watch.roots.append(Picklable(secret))


def in_a_copy(scene, secret):
    scene.watch.roots.append(OnlyInCopies(secret))


def in_arguments(scene, secret):
    subprocess.run([sys.executable, "-c", "", secret], check=True, env={})


def in_an_environment(scene, secret):
    subprocess.run([sys.executable, "-c", ""], check=True, env={"SOME_KEY": secret})


def in_an_inherited_environment(scene, secret):
    scene.environment.setenv("SOME_KEY", secret)
    subprocess.run([sys.executable, "-c", ""], check=True)


def in_a_url(scene, secret):
    server = scene.serve()
    httpx2.get(f"{server.origin}/.well-known/x?token={secret}")


def in_a_page(scene, secret):
    server, record = scene.serve(), scene.opens_a_browser()
    server.faults["/page"] = lambda _: places_answer(secret)
    command = os.environ["BROWSER"].replace("%s", f"{server.origin}/page").split()
    subprocess.run(command, check=True, env={})
    scene.read_page(record)


def places_answer(secret):
    from tests.adapters.server import Answer

    return Answer(200, (), f"<p>{secret}</p>".encode())


def printed(scene, secret):
    print(secret)  # noqa: T201 - what is looked for


def in_the_name_of_a_thread(scene, secret):
    over = threading.Event()
    thread = threading.Thread(target=over.wait, name=f"renews {secret}")
    thread.start()
    scene.watch.look_around()
    over.set()
    thread.join()


def in_yaml(scene, secret):
    scene.watch.see(places.WRITTEN, written_by(Careless(secret)))


def in_a_file_that_stays(scene, secret):
    (scene.folder / "tmp" / "dump").write_text(secret, encoding="utf-8")
    scene.watch.look_around()


def in_a_temporary_file_that_is_deleted(scene, secret):
    with tempfile.NamedTemporaryFile(mode="w", dir=scene.folder / "tmp") as file:
        file.write(secret)
        file.flush()
        os.remove(file.name)
        Path(file.name).touch()


def in_the_name_of_a_file(scene, secret):
    with tempfile.NamedTemporaryFile(prefix=secret, dir=scene.folder.parent):
        pass


def connected(scene):
    return closing(sqlite3.connect(scene.folder / "data" / "some.db"))


def in_the_record_of_a_store(scene, secret):
    with connected(scene) as connection, connection:
        connection.execute("CREATE TABLE records (key, version, value)")
        connection.execute("INSERT INTO records VALUES ('session:1', '1', ?)", (secret.encode(),))
    scene.watch.look_around()


def in_the_key_of_a_store(scene, secret):
    with connected(scene) as connection, connection:
        connection.execute("CREATE TABLE records (key, version, value)")
        connection.execute("INSERT INTO records VALUES (?, '1', x'00')", (f"session:{secret}",))
    scene.watch.look_around()


def in_what_a_store_has_deleted(scene, secret):
    with connected(scene) as connection, connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("CREATE TABLE records (key, version, value)")
        connection.execute("INSERT INTO records VALUES ('session:1', '1', ?)", (secret.encode(),))
        connection.execute("DELETE FROM records")
    scene.watch.look_around()


def in_a_journal(scene, secret):
    with connected(scene) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("CREATE TABLE records (key, version, value)")
        connection.execute("INSERT INTO records VALUES ('session:1', '1', ?)", (secret.encode(),))
        connection.commit()
        connection.execute("DELETE FROM records")
        connection.commit()
    scene.watch.look_around()


def in_a_trace(scene, secret):
    with scene.trace.path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"event": "RequestSent", "url": f"https://auth.example.com/?code={secret}"}))


PLANTED = {
    logged: {places.LOG},
    logged_as_argument: {places.LOG},
    logged_with_an_error: {places.LOG},
    logged_of_a_request: {places.LOG},
    behind_an_error: {places.ERRORS},
    in_an_attribute_of_an_error: {places.ERRORS},
    in_a_note: {places.ERRORS},
    in_the_link_of_an_error: {places.LINKS_OF_ERRORS, places.PICKLES},
    in_an_object: {places.OBJECTS, places.PICKLES},
    in_a_pickle: {places.PICKLES},
    in_a_copy: {places.OBJECTS},
    in_arguments: {places.ARGUMENTS},
    in_an_environment: {places.ENVIRONMENTS},
    in_a_url: {places.URLS, places.LOG},
    in_a_page: {places.PAGES},
    printed: {places.TERMINAL},
    in_the_name_of_a_thread: {places.THREADS},
    in_yaml: {places.WRITTEN},
    in_a_file_that_stays: {places.FILES},
    in_a_temporary_file_that_is_deleted: {places.FILES},
    in_the_name_of_a_file: {places.FILE_NAMES},
    in_the_record_of_a_store: {places.RECORDS, places.STORE_FILE},
    in_the_key_of_a_store: {places.KEYS, places.STORE_FILE},
    in_what_a_store_has_deleted: {places.STORE_FILE},
    in_a_journal: {places.JOURNAL},
    in_a_trace: {places.TRACE},
}


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_secret_is_found_where_it_is(scene, capfd, plant):
    plant(scene, scene.canaries.make("planted"))
    assert scene.shown(capfd) == {(place, "planted") for place in PLANTED[plant]}


def test_a_program_that_inherits_the_environment_is_found_with_all_that_is_in_it(scene, capfd):
    in_an_inherited_environment(scene, scene.canaries.make("planted"))
    inherited = {"planted", "variable", "proxy password"}
    assert scene.shown(capfd) == {(places.ENVIRONMENTS, name) for name in inherited}


def test_what_a_server_has_sent_is_told_from_what_the_transport_logs_of_a_request(scene, capfd):
    """httpcore logs at DEBUG the header fields of an answer, and none of a request."""
    logged_by_the_transport(scene, scene.canaries.make("planted"))
    assert scene.watch.shown() == {(places.LOG_OF_ANSWERS, "planted")}
    assert scene.shown(capfd) == set()


def test_every_place_has_something_planted_in_it():
    searched = set().union(*PLANTED.values())
    assert searched == set(places.PLACES) - {places.LINK, places.CALLBACK, places.LOG_OF_ANSWERS}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_is_found_in_every_spelling(spelling):
    canaries = Canaries()
    secret = canaries.make("planted")
    assert canaries.names_in(f"it said {SPELLINGS[spelling](secret)}.") == {"planted"}
    assert canaries.names_in(repr(f"it said {SPELLINGS[spelling](secret)}.")) == {"planted"}


def test_twelve_characters_of_a_secret_are_enough_and_another_secret_is_none():
    canaries = Canaries()
    secret, other = canaries.make("planted"), Canaries().make("another")
    assert canaries.names_in(f"x{secret[:12]}…") == {"planted"}
    assert canaries.names_in(f"x{secret[-12:]}x") == {"planted"}
    assert canaries.names_in(f"{other} {secret[:11]}") == set()


def test_a_key_and_a_signed_token_are_found_by_what_only_they_have():
    canaries = Canaries()
    head, material = "-----BEGIN PRIVATE KEY-----", "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg7Kq3dYb2mZx1Wc9v"
    canaries.note("key", f"{head}\n{material}\nQ0==\n-----END PRIVATE KEY-----\n")
    canaries.note("token", "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1LTEifQ.Zx81kQp0vB3nRt57yLw")
    assert canaries.names_in(f"{head} eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1LTEifQ.") == set()
    assert canaries.names_in(material) == {"key"}
    assert canaries.names_in("Zx81kQp0vB3nRt57yLw") == {"token"}


def test_an_object_that_refuses_a_pickle_shows_none(scene, capfd):
    scene.watch.roots.append(OnlyInCopies(scene.canaries.make("planted")))
    with pytest.raises(TypeError):
        pickle.dumps(scene.watch.roots[0])
    assert (places.PICKLES, "planted") not in scene.shown(capfd)
