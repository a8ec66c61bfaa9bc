# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""DPoP: when a token is bound to a key, what a proof says, and which nonces are taken."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.network import challenges
from tests.requirements import requirement
from valetkey.errors import Unsupported
from valetkey.protocol.dpop import (
    ALGORITHMS,
    binding_algorithm,
    key_of,
    proof_claims,
    public_jwk,
    read_nonce,
    refuses_without_nonce,
    rejects_without_nonce,
    thumbprint,
)
from valetkey.values import MetadataSource, ResourceMetadata, Secret, ServerMetadata, Token, TokenType
from valetkey.wire import HttpResponse

ISSUER = "https://auth.example.com"
TOKEN_ENDPOINT = "https://auth.example.com/token"
# The key of RFC 9449's examples (§4.1, §6.1), with a private part that is none.
RFC_KEY = {
    "kty": "EC",
    "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
    "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    "crv": "P-256",
    "d": "not-the-private-part",
    "alg": "ES256",
}
# The key of RFC 8037 appendix A.
ED25519_KEY = {
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    "alg": "EdDSA",
}
ONLY_DPOP = challenges('DPoP resource_metadata="u"')[0]
BEARER = challenges('Bearer resource_metadata="u"')[0]


def key(members):
    return Secret(json.dumps(members))


def server(*algorithms, source=MetadataSource.DISCOVERED):
    return ServerMetadata(ISSUER, dpop_signing_alg_values_supported=algorithms or None, source=source)


def resource(*algorithms, required=False):
    return ResourceMetadata(
        "https://mcp.example.com",
        dpop_signing_alg_values_supported=algorithms or None,
        dpop_bound_access_tokens_required=required,
    )


def token(token_type):
    return Token(Secret("t"), 0.0, token_type=token_type)


@requirement("WWW-10", "DPOP-7")
@pytest.mark.parametrize(
    ("setting", "challenge", "metadata", "algorithm"),
    [
        pytest.param(None, BEARER, resource(), None, id="nobody wants it"),
        pytest.param(None, None, None, None, id="nobody says anything"),
        pytest.param(None, BEARER, resource("ES256"), None, id="the server only could"),
        pytest.param(False, BEARER, resource("ES256"), None, id="ruled out"),
        pytest.param(None, ONLY_DPOP, None, "ES256", id="the server offers nothing else"),
        pytest.param(None, BEARER, resource(required=True), "ES256", id="the server's metadata demands it"),
        pytest.param(True, None, None, "ES256", id="the user wants it"),
    ],
)
def test_a_token_is_bound_where_the_server_demands_it_or_the_user_wants_it(setting, challenge, metadata, algorithm):
    assert binding_algorithm(setting, challenge, metadata, server("ES256")) == algorithm


@requirement("PRM-20", "WWW-10")
@pytest.mark.parametrize(
    ("challenge", "metadata"), [(ONLY_DPOP, None), (BEARER, resource(required=True)), (None, resource(required=True))]
)
def test_what_a_server_demands_and_the_user_rules_out_is_told(challenge, metadata):
    with pytest.raises(Unsupported, match="dpop=False") as caught:
        binding_algorithm(False, challenge, metadata, server("ES256"))
    assert caught.value.hint == "Leave dpop out."


@requirement("DPOP-7")
@pytest.mark.parametrize(
    ("offered", "algs", "published", "algorithm"),
    [
        pytest.param(["ES256"], None, (), "ES256", id="as is usual"),
        pytest.param(["RS256", "ES512", "EdDSA", "ES256"], None, (), "ES256", id="ours first, not theirs"),
        pytest.param(["PS256", "ES384"], None, (), "ES384", id="what is left"),
        pytest.param(["ES256", "EdDSA"], "EdDSA PS256", (), "EdDSA", id="as the challenge wants it"),
        pytest.param(["ES256", "ES512"], None, ("ES512",), "ES512", id="as the resource metadata wants it"),
        pytest.param(["ES256", "ES512"], "ES256", ("ES512",), "ES256", id="the challenge is newer"),
    ],
)
def test_the_algorithm_is_one_that_both_servers_take(offered, algs, published, algorithm):
    challenge = challenges("DPoP" if algs is None else f'DPoP algs="{algs}"')[0]
    assert binding_algorithm(None, challenge, resource(*published), server(*offered)) == algorithm


@requirement("DPOP-7")
def test_algorithms_of_a_bearer_challenge_mean_nothing():
    challenge = challenges('Bearer algs="ES512"')[0]
    assert binding_algorithm(True, challenge, None, server("ES256")) == "ES256"


@requirement("DPOP-7")
@pytest.mark.parametrize(
    ("offered", "challenge", "published", "told"),
    [
        (["ES256"], 'DPoP algs="EdDSA"', (), ['"ES256"', '"EdDSA"']),
        (["ES384"], "DPoP", ("ES512", "PS256"), ['"ES384"', '"ES512 PS256"']),
        (["RS256", "PS256"], "DPoP", (), ['"RS256 PS256"', "any"]),
    ],
)
def test_where_no_algorithm_suits_everybody_the_error_names_all_lists(offered, challenge, published, told):
    with pytest.raises(Unsupported) as caught:
        binding_algorithm(None, challenges(challenge)[0], resource(*published), server(*offered))
    for text in [*told, ", ".join(ALGORITHMS), ISSUER]:
        assert text in caught.value.message


@requirement("DPOP-7")
@pytest.mark.parametrize(("setting", "challenge"), [(True, BEARER), (True, ONLY_DPOP), (None, ONLY_DPOP)])
@pytest.mark.parametrize("source", [MetadataSource.DISCOVERED, MetadataSource.LEGACY, MetadataSource.GUESSED])
def test_an_authorization_server_that_announces_no_dpop_is_not_asked_for_it(setting, challenge, source):
    with pytest.raises(Unsupported, match="does not announce") as caught:
        binding_algorithm(setting, challenge, None, server(source=source))
    assert ("dpop=True" in caught.value.hint) == (setting is True and challenge is BEARER)


def test_endpoints_that_the_user_gave_have_no_list_to_look_at():
    configured = server(source=MetadataSource.CONFIGURED)
    assert binding_algorithm(True, BEARER, None, configured) == "ES256"
    assert binding_algorithm(None, challenges('DPoP algs="ES384"')[0], None, configured) == "ES384"


@requirement("DPOP-5")
def test_a_token_is_kept_with_the_key_it_is_bound_to_or_with_none():
    proved = key(RFC_KEY)
    assert key_of(token(TokenType.DPOP), proved, ISSUER) is proved
    assert key_of(token(TokenType.BEARER), None, ISSUER) is None


@requirement("DPOP-5")
@pytest.mark.parametrize(("token_type", "proved"), [(TokenType.BEARER, key(RFC_KEY)), (TokenType.DPOP, None)])
def test_a_token_that_is_not_bound_as_it_was_asked_for_is_not_used(token_type, proved):
    with pytest.raises(Unsupported, match=ISSUER):
        key_of(token(token_type), proved, ISSUER)


@requirement("DPOP-8")
@pytest.mark.parametrize(
    ("members", "expected"),
    [
        pytest.param(RFC_KEY, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", id="RFC 9449 §6.1"),
        pytest.param(ED25519_KEY, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", id="RFC 8037 appendix A.3"),
    ],
)
def test_the_thumbprint_of_a_key_is_that_of_the_specifications(members, expected):
    assert thumbprint(key(members)) == expected
    assert thumbprint(key({**dict(reversed(members.items())), "kid": "1", "use": "sig"})) == expected


@requirement("DPOP-2", "DPOP-9")
@pytest.mark.parametrize("members", [RFC_KEY, ED25519_KEY], ids=["EC", "OKP"])
def test_the_public_half_of_a_key_has_nothing_private_in_it(members):
    public = public_jwk(key({**members, "kid": "1"}))
    assert public == {name: members[name] for name in sorted(members.keys() - {"d", "alg"})}


DAMAGED = [
    "",
    "{",
    "[]",
    "1",
    "null",
    "[" * 100_000,
    "{}",
    json.dumps({**RFC_KEY, "kty": "RSA"}),
    json.dumps({**RFC_KEY, "kty": ["EC"]}),
    json.dumps({**RFC_KEY, "alg": "none"}),
    json.dumps({**RFC_KEY, "alg": "HS256"}),
    json.dumps({**RFC_KEY, "x": 1}),
    json.dumps({**RFC_KEY, "x": "\ud800"}),
    json.dumps({**RFC_KEY, "d": None}),
    *(json.dumps({name: value for name, value in RFC_KEY.items() if name != left_out}) for left_out in RFC_KEY),
]


@pytest.mark.parametrize("text", DAMAGED, ids=lambda text: text[:60])
def test_a_damaged_key_is_told_without_quoting_it(text):
    with pytest.raises(ValueError, match="no private key of a kind we make") as caught:
        public_jwk(Secret(text))
    assert RFC_KEY["d"] not in repr(caught.value)


@requirement("DPOP-2", "DPOP-10")
def test_a_proof_at_a_token_endpoint_says_this_and_no_more():
    assert proof_claims("POST", TOKEN_ENDPOINT, now=1562262616.9, proof_id="-BwC3ESc6acc2lTc") == {
        "jti": "-BwC3ESc6acc2lTc",
        "htm": "POST",
        "htu": TOKEN_ENDPOINT,
        "iat": 1562262616,
    }


@requirement("DPOP-2", "DPOP-4")
def test_a_proof_at_the_mcp_server_has_the_hash_of_the_token_and_the_nonce():
    """The token and its hash are those of RFC 9449 §7.1."""
    access_token = Secret("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU")
    claims = proof_claims(
        "GET", "https://r.example.org/p", now=0.0, proof_id="i", access_token=access_token, nonce="n-1"
    )
    assert (claims["ath"], claims["nonce"]) == ("fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo", "n-1")


@requirement("DPOP-2")
@pytest.mark.parametrize(
    ("url", "htu"),
    [
        ("https://mcp.example.com/mcp?session=1", "https://mcp.example.com/mcp"),
        ("https://mcp.example.com/mcp#x", "https://mcp.example.com/mcp"),
        ("https://mcp.example.com/mcp/", "https://mcp.example.com/mcp/"),
        ("https://mcp.example.com:8443/a%20b;c=d?e#f", "https://mcp.example.com:8443/a%20b;c=d"),
        ("https://mcp.example.com", "https://mcp.example.com/"),
        ("https://mcp.example.com?a=b", "https://mcp.example.com/"),
        ("http://[::1]:8000/mcp", "http://[::1]:8000/mcp"),
    ],
)
def test_a_proof_names_the_address_without_query_and_fragment(url, htu):
    assert proof_claims("POST", url, now=0.0, proof_id="i")["htu"] == htu


@requirement("DPOP-4")
@pytest.mark.parametrize("value", ["eyJ7S_zG.eyJH0-Z.HX4w-7v", "!#[]~", "x" * 2048])
def test_a_nonce_is_taken_as_it_is(value):
    assert read_nonce(value) == value


@pytest.mark.parametrize("value", [None, "", "a b", "a, b", 'a"b', "a\\b", "ä", "a\n", "x" * 2049])
def test_what_is_no_nonce_is_none(value):
    assert read_nonce(value) is None


@given(st.text())
def test_a_nonce_is_what_came_or_nothing_and_always_fits_a_header(value):
    assert read_nonce(value) in (None, value)
    assert read_nonce(value) is None or value.isprintable()


def response(status, error):
    return HttpResponse(status, TOKEN_ENDPOINT, body=json.dumps({"error": error}).encode())


@requirement("DPOP-4")
@pytest.mark.parametrize(
    ("status", "error", "wants"),
    [
        (400, "use_dpop_nonce", True),
        (401, "use_dpop_nonce", True),
        (400, "invalid_dpop_proof", False),
        (400, "invalid_grant", False),
        (200, "use_dpop_nonce", False),
        (503, "use_dpop_nonce", False),
    ],
)
def test_a_token_endpoint_asks_for_its_nonce_with_an_error(status, error, wants):
    assert refuses_without_nonce(response(status, error)) is wants


@requirement("DPOP-4")
@pytest.mark.parametrize(
    ("fields", "wants"),
    [
        (['DPoP error="use_dpop_nonce", error_description="Resource server requires nonce in DPoP proof"'], True),
        (["Bearer", "dpop ERROR=use_dpop_nonce"], True),
        (['Bearer error="use_dpop_nonce"'], False),
        (['DPoP error="invalid_token"', 'DPoP error="invalid_dpop_proof"'], False),
        ([], False),
    ],
)
def test_an_mcp_server_asks_for_its_nonce_with_a_challenge_for_dpop(fields, wants):
    assert rejects_without_nonce(challenges(*fields)) is wants
