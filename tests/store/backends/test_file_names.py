# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which file the name of an embedded store means: the same one wherever a program is started, or none."""

import json
from pathlib import Path

import pytest

from tests.processes.child import Child
from valetkey.errors import ConfigurationError, StoreError
from valetkey.store import open_store
from valetkey.store.backends.file_names import named_file


@pytest.mark.parametrize("folder", ["one", "other"])
@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("sqlite:////srv/app/x.db", "/srv/app/x.db"),
        ("sqlite:////srv/a b/ü.db", "/srv/a b/ü.db"),
        ("sqlite:///~/x.db", "/home/alice/x.db"),
    ],
)
def test_a_name_means_the_same_file_in_every_folder(name, path, folder, tmp_path, monkeypatch):
    """Row G3."""
    (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / folder)
    monkeypatch.setenv("HOME", "/home/alice")
    assert named_file(name) == Path(path)


@pytest.mark.parametrize(
    ("name", "spellings"),
    [
        ("sqlite:///srv/app/x.db", ["sqlite:////srv/app/x.db", "sqlite:///{here}/srv/app/x.db"]),
        ("sqlite:///x.db", ["sqlite:///{here}/x.db"]),
        ("sqlite:///./x.db", ["sqlite:///{here}/x.db"]),
        ("sqlite:///../x.db", ["sqlite:///{above}/x.db"]),
        ("sqlite://srv/x.db", ["sqlite:////srv/x.db", "sqlite:///{here}/srv/x.db"]),
        ("sqlite:/srv/x.db", ["sqlite:////srv/x.db"]),
        ("sqlite:x.db", ["sqlite:///{here}/x.db"]),
        ("sqlite://~/x.db", ["sqlite:///~/x.db"]),
        ("SQLite:////srv/x.db", ["sqlite:////srv/x.db"]),
        ("file:///srv/x.db", ["sqlite:////srv/x.db"]),
        ("file:/srv/x.db", ["sqlite:////srv/x.db"]),
        ("/srv/x.db", ["sqlite:////srv/x.db"]),
        ("./x.db", ["sqlite:///{here}/x.db"]),
        ("x.db", ["sqlite:///{here}/x.db"]),
        ("data/x.sqlite3", ["sqlite:////data/x.sqlite3", "sqlite:///{here}/data/x.sqlite3"]),
        ("~/x.db", ["sqlite:///~/x.db"]),
        ("sqlite:///C:/x.db", ["sqlite:///{here}/C:/x.db"]),
        ("C:/x.db", ["sqlite:///{here}/C:/x.db"]),
        ("sqlite:", ["sqlite:////srv/app/credentials.db"]),
        ("sqlite://", ["sqlite:////srv/app/credentials.db"]),
        ("sqlite:///", ["sqlite:////srv/app/credentials.db"]),
        ("sqlite:///.", ["sqlite:////srv/app/credentials.db"]),
        ("sqlite:////", ["sqlite:////srv/app/credentials.db"]),
    ],
)
def test_what_could_be_another_file_elsewhere_is_refused_with_the_spelling_to_use(
    name, spellings, tmp_path, monkeypatch
):
    """Row G3."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VALETKEY_STORE", name)
    with pytest.raises(ConfigurationError, match="There is no store") as caught:
        open_store()
    files = " or ".join(f'"{each.format(here=tmp_path, above=tmp_path.parent)}"' for each in spellings)
    assert f"the whole path of a file, {files}, or use" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["sqlite:////$HOME/x.db", "sqlite:///${HOME}/x.db", "$HOME/x.db", "sqlite:///%APPDATA%/x.db", "%APPDATA%\\x.db"],
)
def test_a_variable_that_no_shell_has_replaced_is_no_name_of_a_folder(name, tmp_path, monkeypatch):
    """A file of variables for a container replaces none. Row G3."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="holds a variable") as caught:
        open_store(name)
    assert "the whole path" in caught.value.hint


@pytest.mark.parametrize("end", ["", "/"], ids=["that is there", "by its name"])
def test_a_folder_is_told_as_one_with_the_name_of_a_file_in_it(end, tmp_path):
    """A volume of a container is a folder. Row G3."""
    with pytest.raises((ConfigurationError, StoreError), match="a folder") as caught:
        open_store(f"sqlite:///{tmp_path}{end}").put("key", b"1")
    (file,) = (part for part in caught.value.hint.split('"') if part.startswith("sqlite:"))
    open_store(file).put("key", b"1")
    assert (tmp_path / "credentials.db").is_file()


@pytest.mark.parametrize("name", ['"memory:"', " memory:\n", "'sqlite:////srv/x.db'", '"redis://:secret@host"'])
def test_quotation_marks_around_a_name_are_told_without_showing_it(name):
    """Row G3."""
    with pytest.raises(ConfigurationError, match="quotation marks or spaces around it") as caught:
        open_store(name)
    assert "secret" not in str(caught.value)
    assert open_store('"memory:"'.strip('"')).get("key") is None  # as the hint says


def test_an_error_about_the_environment_variable_names_it(monkeypatch):
    """Row G3."""
    monkeypatch.setenv("VALETKEY_STORE", "none")
    with pytest.raises(ConfigurationError, match=r"In VALETKEY_STORE: There is no store"):
        open_store()
    with pytest.raises(ConfigurationError, match=r"\AThere is no store"):
        open_store("none")


def test_each_spelling_that_is_proposed_opens_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        open_store("sqlite:///sub/x.db")
    elsewhere, here = (part for part in caught.value.hint.split('"') if part.startswith("sqlite:"))
    assert named_file(elsewhere) == Path("/sub/x.db")
    open_store(here).put("key", b"1")
    assert (tmp_path / "sub" / "x.db").is_file()


@pytest.mark.parametrize("end", ["?encryption=off", "?mode=ro"])
def test_what_follows_the_path_of_a_file_is_refused_and_no_part_of_its_name(end, tmp_path):
    with pytest.raises(ConfigurationError, match="has a query") as caught:
        open_store(f"sqlite:///{tmp_path}/x.db{end}")
    assert "VALETKEY_STORE_ENCRYPTION" in caught.value.hint


NO_HOME = """
    import json, pwd
    from valetkey.errors import StoreError
    from valetkey.store import open_store

    def nobody(uid):
        raise KeyError(uid)

    pwd.getpwuid = nobody  # as where a container runs as a user that is in no /etc/passwd
    import os
    del os.environ["HOME"]
    try:
        open_store("sqlite:///~/x.db")
    except StoreError as error:
        print(json.dumps([error.message, error.hint]))
"""


def test_a_home_folder_that_is_nowhere_is_an_error_of_the_store():
    with Child(NO_HOME, environment={"HOME": ""}) as child:
        message, hint = json.loads(child.succeed())
    assert "home folder" in message
    assert "sqlite:////" in hint
