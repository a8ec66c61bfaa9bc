# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Writing into a file that a user has named leads into no file of another user, and through no link of one."""

import os
import stat

import pytest

from valetkey.events.named_file import open_named


def written(path):
    with open_named(path) as file:
        file.write(b"new")
    return path.read_bytes(), stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_for_its_owner_and_loses_what_it_had(tmp_path):
    path = tmp_path / "file"
    assert written(path) == (b"new", 0o600)
    path.write_text("old and longer")
    path.chmod(0o644)
    assert written(path) == (b"new", 0o600)


def test_a_link_of_ones_own_is_followed(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert written(tmp_path / "link") == (b"new", 0o600)
    assert (tmp_path / "link").is_symlink()


@pytest.fixture
def owned(monkeypatch):
    """Let some files belong to another user."""
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)


def test_a_file_of_another_user_stays_as_it_is(tmp_path, owned):
    path = tmp_path / "file"
    path.write_text("theirs")
    path.chmod(0o666)
    with pytest.raises(PermissionError, match="another user"):
        open_named(path)
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("theirs", 0o666)


def test_a_link_that_another_user_has_made_is_not_followed(tmp_path, monkeypatch):
    (tmp_path / "mine").write_text("precious")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "mine")
    real = os.lstat

    def of_another(path, **options):
        found = real(path, **options)
        return os.stat_result((*found[:4], 4711, *found[5:])) if path == link else found

    monkeypatch.setattr(os, "lstat", of_another)
    with pytest.raises(PermissionError, match="another user"):
        open_named(link)
    assert (tmp_path / "mine").read_text() == "precious"


def test_a_pipe_that_no_program_reads_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="No such device"):
        open_named(tmp_path / "pipe")


def test_a_link_that_comes_between_is_not_followed(tmp_path, monkeypatch):
    (tmp_path / "mine").write_text("precious")
    link = tmp_path / "link"
    real = os.lstat

    def before(path, **options):
        try:
            return real(path, **options)
        finally:
            if path == link and not link.is_symlink():
                link.symlink_to(tmp_path / "mine")

    monkeypatch.setattr(os, "lstat", before)
    with pytest.raises(OSError, match="symbolic link"):
        open_named(link)
    assert (tmp_path / "mine").read_text() == "precious"
