# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Signing with the user's key, checked by PyJWT with the public half."""

import sys

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.fakes import hostile
from tests.fakes.keys import material_of, pem_of, private_key, public_pem_of
from tests.requirements import requirement
from valetkey._clients.signing import require_jwt, sign
from valetkey.errors import ConfigurationError
from valetkey.settings.credentials import PrivateKey
from valetkey.values import Secret

CLAIMS = {"iss": "me", "sub": "me", "aud": "https://as.example", "iat": 1, "exp": 301, "jti": "once"}


def signed(key, *, supported=None):
    return sign(key, CLAIMS, supported=supported).reveal()


def key_of(kind, **more):
    return PrivateKey(Secret(pem_of(private_key(kind))), **more)


def algorithm_of(token):
    return jwt.get_unverified_header(token)["alg"]


def verified(token, key):
    """As a server would: with the public half, and the algorithm it expects."""
    algorithm = algorithm_of(token)
    judge = jwt.PyJWS()
    judge.register_algorithm("Ed25519", judge.get_algorithm_by_name("EdDSA"))
    judge.decode(token, key.public_key(), algorithms=[algorithm])
    options = {"verify_signature": False, "verify_exp": False, "verify_aud": False}
    return jwt.decode(token, options=options)


def failure(key, *, supported=None):
    with pytest.raises(ConfigurationError) as caught:
        sign(key, CLAIMS, supported=supported)
    return caught.value


@requirement("TOK-9")
@pytest.mark.parametrize(
    ("kind", "supported", "algorithm"),
    [
        pytest.param("P-256", None, "ES256", id="a curve has its algorithm"),
        pytest.param("P-384", None, "ES384", id="a longer curve"),
        pytest.param("P-521", None, "ES512", id="the longest curve"),
        pytest.param("RSA", None, "RS256", id="RSA: what every server knows"),
        pytest.param("Ed25519", None, "EdDSA", id="Ed25519 under its older name"),
        pytest.param("P-384", ["ES256", "ES384"], "ES384", id="the server has others too"),
        pytest.param("RSA", ["ES256", "PS256"], "PS256", id="the server takes another padding"),
        pytest.param("RSA", ["PS512", "RS384"], "RS384", id="ours first, whatever the server's order"),
        pytest.param("Ed25519", ["EdDSA", "Ed25519"], "EdDSA", id="Ed25519, and both names are taken"),
        pytest.param("Ed25519", ["ES256", "Ed25519"], "Ed25519", id="Ed25519, and the server knows the newer name"),
    ],
)
def test_a_key_signs_with_an_algorithm_of_its_own_that_the_server_takes(kind, supported, algorithm):
    token = signed(key_of(kind), supported=supported)
    assert algorithm_of(token) == algorithm
    assert verified(token, private_key(kind)) == CLAIMS


@requirement("TOK-9")
@pytest.mark.parametrize(
    ("kind", "algorithm"), [("P-256", "ES256"), ("RSA", "PS384"), ("Ed25519", "Ed25519"), ("Ed25519", "EdDSA")]
)
def test_the_user_may_name_the_algorithm(kind, algorithm):
    token = signed(key_of(kind, algorithm=algorithm), supported=[algorithm, "RS256"])
    assert algorithm_of(token) == algorithm
    assert verified(token, private_key(kind)) == CLAIMS


@requirement("TOK-9")
@pytest.mark.parametrize("algorithm", ["RS256", "ES384", "EdDSA"])
@pytest.mark.parametrize("supported", [None, ["none", "HS256", "RS256", "ES384", "EdDSA"]])
def test_a_key_never_signs_with_what_is_not_its_own(algorithm, supported):
    error = failure(key_of("P-256", algorithm=algorithm), supported=supported)
    assert f"cannot sign with {algorithm}" in str(error)
    assert "ES256" in error.hint


@requirement("TOK-9")
def test_a_server_that_takes_no_algorithm_of_the_key_is_told_apart_from_a_refusal():
    error = failure(key_of("RSA"), supported=["ES256", "evil\n"])
    assert 'takes "ES256", "evil\\n", and the private key signs with RS256' in str(error)


@requirement("TOK-9")
def test_nothing_is_signed_where_the_server_takes_none_at_all():
    assert failure(key_of("P-256"), supported=["none"])


@requirement("TOK-9")
def test_a_key_id_stands_in_the_header_and_nothing_else_of_ours():
    assert jwt.get_unverified_header(signed(key_of("P-256", key_id="2026-11"))) == {
        "alg": "ES256",
        "kid": "2026-11",
        "typ": "JWT",
    }
    assert jwt.get_unverified_header(signed(key_of("P-256"))) == {"alg": "ES256", "typ": "JWT"}


@requirement("CC-9")
def test_a_file_is_read_anew_for_each_signature(tmp_path):
    """The platform, or the administrator, replaces the file while the program runs."""
    path = tmp_path / "key.pem"
    key = PrivateKey(path)
    for kind in ("P-256", "RSA"):
        path.write_text(pem_of(private_key(kind)))
        assert verified(signed(key), private_key(kind)) == CLAIMS
    path.unlink()
    assert str(path) in str(failure(key))


def test_a_file_may_be_named_from_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "key.pem").write_text(pem_of(private_key("P-256")))
    assert signed(PrivateKey(type(tmp_path)("~/key.pem")))


@pytest.mark.parametrize("name", ["missing.pem", ".", "\x00"])
def test_a_file_that_cannot_be_read_is_an_error_that_says_so(tmp_path, name):
    error = failure(PrivateKey(tmp_path / name))
    assert error.hint.endswith(".")


UNUSABLE = {
    "no PEM": lambda: "canary-canary",
    "a broken one": lambda: pem_of(private_key("P-256")).replace("M", "*", 3),
    "an encrypted one": lambda: pem_of(private_key("P-256"), b"password"),
    "the public half": lambda: public_pem_of(private_key("P-256")),
    "another curve": lambda: pem_of(private_key("secp256k1")),
    "a key for something else": lambda: pem_of(private_key("X25519")),
    "too few bits": lambda: pem_of(private_key("short RSA")),
}


@requirement("SEC-12")
@pytest.mark.parametrize("name", UNUSABLE)
@pytest.mark.parametrize("is_file", [False, True])
def test_a_key_that_cannot_be_used_is_an_error_without_the_key(name, is_file, tmp_path):
    pem = UNUSABLE[name]()
    path = tmp_path / "key.pem"
    path.write_text(pem)
    error = failure(PrivateKey(path if is_file else Secret(pem)))
    said = hostile.everything_said_by(error)
    assert error.hint.endswith(".")
    assert [line for line in material_of(pem) if line in said] == []


@requirement("SEC-12")
def test_a_key_with_half_a_surrogate_pair_is_an_error_without_the_key():
    """The error of Python's own codec holds the whole text."""
    pem = pem_of(private_key("P-256"))
    said = hostile.everything_said_by(failure(PrivateKey(Secret(pem + "\ud800"))))
    assert [line for line in material_of(pem) if line in said] == []


@requirement("SEC-12")
def test_neither_a_key_nor_what_it_signed_shows():
    key = key_of("P-256")
    assert "Secret(…)" in repr(key)
    assert not any(line in repr(key) for line in material_of(key.pem.reveal()))
    assert repr(sign(key, CLAIMS, supported=None)) == "Secret(…)"


def test_a_server_that_checks_with_another_key_does_not_believe_it():
    token = signed(key_of("P-256"))
    with pytest.raises(jwt.InvalidSignatureError):
        verified(token, ec.generate_private_key(ec.SECP256R1()))


@pytest.mark.parametrize("package", ["jwt", "cryptography"])
def test_without_the_packages_the_error_says_what_to_install(package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)  # what an import finds that is not installed
    with pytest.raises(ConfigurationError, match=r"valetkey\[crypto\]"):
        require_jwt()
