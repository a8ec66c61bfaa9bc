# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Where data keys come from: how they are written down, and which places are refused."""

import base64
import contextlib
import os
import secrets
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.requirements import requirement
from valetkey.errors import AuthError, ConfigurationError, StoreError
from valetkey.store.encryption.keys import (
    KEY_FILE_VARIABLE,
    KEY_VARIABLE,
    RULE_VARIABLE,
    DataKey,
    DataKeys,
    Rule,
    Source,
    given_keys,
    given_rule,
)

ONE, OTHER = DataKey(bytes(range(32))), DataKey(b"\xfb" * 32)
NOBODY = 65534


@given(st.binary(min_size=32, max_size=32))
def test_a_key_is_read_in_every_way_it_is_commonly_written(material):
    key = DataKey(material)
    urlsafe = base64.urlsafe_b64encode(material).decode()
    for text in (
        key.write(),
        urlsafe,
        urlsafe.rstrip("="),
        material.hex(),
        material.hex().upper(),
        f" {key.write()}\n",
    ):
        assert DataKey.read(text) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter2hunter2",
        "0" * 63,
        "g" * 64,
        "é" * 44,
        base64.b64encode(b"short canary").decode(),
        base64.b64encode(bytes(31)).decode(),
        base64.b64encode(bytes(33)).decode(),
        bytes(16).hex(),
        "-----BEGIN PRIVATE KEY-----",
    ],
)
@requirement("SEC-12")
def test_anything_else_is_refused_and_not_repeated(text):
    with pytest.raises(ConfigurationError) as caught:
        DataKey.read(text)
    assert "openssl rand -base64 32" in caught.value.hint
    if text:
        assert text not in "".join(traceback.format_exception(caught.value))


@given(st.text(max_size=100))
def test_reading_any_text_gives_a_key_or_a_mistake(text):
    with contextlib.suppress(ConfigurationError):
        assert len(DataKey.read(text).material) == 32


def test_a_new_key_is_random():
    assert len({DataKey.random().material for _ in range(20)}) == 20


def test_a_key_has_the_same_id_wherever_it_is_kept():
    assert DataKey(ONE.material, Source.FILE) == ONE
    assert DataKey(ONE.material, Source.FILE).id == ONE.id == bytes.fromhex(ONE.id.hex())
    assert len(ONE.id) == 4
    assert ONE.id != OTHER.id
    assert ONE.id not in ONE.material


def test_keys_are_given_in_their_order_and_once():
    assert list(DataKeys(ONE, OTHER, ONE)) == [ONE, OTHER]
    assert list(DataKeys(OTHER, ONE)) == [OTHER, ONE]


def test_without_anything_in_the_environment_no_key_is_given():
    assert given_keys({}) is None
    assert given_keys({KEY_VARIABLE: "", KEY_FILE_VARIABLE: ""}) is None


def test_the_environment_holds_one_key_or_several():
    keys = given_keys({KEY_VARIABLE: f"{ONE.write()}, {OTHER.material.hex()},"})
    assert list(keys) == [ONE, OTHER]
    assert {key.source for key in keys} == {Source.ENVIRONMENT}


def test_a_file_holds_one_key_a_line(tmp_path):
    path = key_file(tmp_path, f"{ONE.write()}\n\n{OTHER.material.hex()}\n")
    keys = given_keys({KEY_FILE_VARIABLE: str(path)})
    assert list(keys) == [ONE, OTHER]
    assert {key.source for key in keys} == {Source.FILE}


@pytest.mark.parametrize("environment", [{KEY_VARIABLE: ","}, {KEY_VARIABLE: "no key"}])
def test_an_environment_without_a_key_in_it_is_a_mistake(environment):
    with pytest.raises(ConfigurationError):
        given_keys(environment)


@pytest.mark.parametrize("content", ["", "\n", "no key", "\xff\xfe\n", f"{'A' * 43}=\nrest"])
def test_a_file_without_keys_in_it_is_a_mistake(tmp_path, content):
    path = key_file(tmp_path, content)
    with pytest.raises(ConfigurationError):
        given_keys({KEY_FILE_VARIABLE: str(path)})


def test_a_file_that_is_not_there_is_a_mistake_that_names_it(tmp_path):
    with pytest.raises(ConfigurationError, match=r"missing\.key") as caught:
        given_keys({KEY_FILE_VARIABLE: str(tmp_path / "missing.key")})
    assert KEY_FILE_VARIABLE in caught.value.hint


def test_two_places_at_once_are_a_mistake(tmp_path):
    path = key_file(tmp_path, ONE.write())
    with pytest.raises(ConfigurationError, match="Both"):
        given_keys({KEY_VARIABLE: ONE.write(), KEY_FILE_VARIABLE: str(path)})


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o602, 0o620, 0o666, 0o444], ids=oct)
@requirement("SEC-11")
def test_a_file_that_others_can_read_or_write_is_refused(tmp_path, mode):
    path = key_file(tmp_path, ONE.write(), mode)
    with pytest.raises(StoreError, match="by other users") as caught:
        given_keys({KEY_FILE_VARIABLE: str(path)})
    assert "0600" in caught.value.hint


@pytest.mark.parametrize("mode", [0o600, 0o400], ids=oct)
def test_a_file_of_its_owner_alone_is_read(tmp_path, mode):
    path = key_file(tmp_path, ONE.write(), mode)
    assert given_keys({KEY_FILE_VARIABLE: str(path)}).first == ONE


def test_a_group_may_read_only_what_root_has_put_there(tmp_path):
    """A mounted secret belongs to root and to a group of the container's user."""
    path = key_file(tmp_path, ONE.write(), 0o440)
    if os.geteuid() == 0:
        assert given_keys({KEY_FILE_VARIABLE: str(path)}).first == ONE
    else:
        with pytest.raises(StoreError, match="can be read by other users"):
            given_keys({KEY_FILE_VARIABLE: str(path)})


@requirement("SEC-11")
def test_a_file_of_another_user_is_refused(tmp_path, monkeypatch):
    """That user would know the key."""
    path = key_file(tmp_path, ONE.write())
    if os.geteuid() == 0:
        os.chown(path, NOBODY, -1)
    else:
        me = os.geteuid()  # nobody but root can give a file away, so this process takes another name
        monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    with pytest.raises(StoreError, match="belongs to another user"):
        given_keys({KEY_FILE_VARIABLE: str(path)})


def test_a_mounted_secret_is_a_link_and_is_followed(tmp_path):
    """Kubernetes mounts a secret as a link to a link."""
    path = key_file(tmp_path, ONE.write(), 0o400)
    (tmp_path / "mounted").symlink_to(path)
    assert given_keys({KEY_FILE_VARIABLE: str(tmp_path / "mounted")}).first == ONE


def test_no_rule_means_where_it_can_be_done():
    assert given_rule({}) is given_rule({RULE_VARIABLE: ""}) is Rule.IF_POSSIBLE
    assert given_rule({RULE_VARIABLE: "required"}) is Rule.REQUIRED
    assert given_rule({RULE_VARIABLE: "off"}) is Rule.OFF


def test_an_unknown_rule_is_a_mistake():
    with pytest.raises(ConfigurationError, match=r"'required' nor 'off'"):
        given_rule({RULE_VARIABLE: "yes"})


@pytest.mark.parametrize("variable", [KEY_VARIABLE, KEY_FILE_VARIABLE])
def test_a_key_for_what_may_not_be_encrypted_is_a_mistake(variable):
    with pytest.raises(ConfigurationError, match="a key is given"):
        given_rule({RULE_VARIABLE: "off", variable: ONE.write()})


@requirement("SEC-12")
def test_no_error_about_keys_holds_a_part_of_one(tmp_path):
    damaged = f"{secrets.token_hex(31)}?"
    environments = [
        {KEY_VARIABLE: damaged},
        {KEY_VARIABLE: f"{ONE.write()},{damaged}"},
        {KEY_FILE_VARIABLE: str(key_file(tmp_path, f"{ONE.write()}\n{damaged}"))},
        {KEY_VARIABLE: ONE.write(), KEY_FILE_VARIABLE: "elsewhere"},
    ]
    for environment in environments:
        with pytest.raises(AuthError) as caught:
            given_keys(environment)
        shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
        assert damaged[:8] not in shown
        assert ONE.write()[:8] not in shown


def key_file(folder, content, mode=0o600):
    path = folder / "store.key"
    path.write_text(content, encoding="latin-1")
    path.chmod(mode)
    return path
