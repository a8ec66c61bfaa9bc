# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A client that signs: at every request anew, for its own server alone, with the key of the moment."""

import jwt
import pytest

from tests.fakes import hostile
from tests.fakes.assertions import Voucher
from tests.fakes.authorization_server import ASSERTION_TYPE, ISSUER, JWT_BEARER, REVOKE, TOKEN, AuthorizationServer
from tests.fakes.keys import material_of, pem_of, private_key
from tests.fakes.network import Internet
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey._clients.authentication import ClientAuthenticator
from valetkey.errors import ClientRefused, ConfigurationError, IssuerMismatch, TemporaryError, Unsupported
from valetkey.settings.credentials import PrivateKey, RegisteredClient
from valetkey.values import Client, ClientAuthentication, ClientOrigin, Secret, ServerMetadata

DAY = 86_400
REDIRECT = "http://127.0.0.1:8080/callback"
DOCUMENT = "https://app.example/client.json"
OTHER = "https://other.example.org"
EC, RSA = private_key("P-256"), private_key("RSA")
KEY = PrivateKey(Secret(pem_of(EC)))
PERSON = {"client_id": "mine", "private_key": KEY, "redirect_uri": REDIRECT}
MACHINE = {"client_id": "mine", "private_key": KEY}


def world_of(key=EC, **switches):
    world = World(**switches)
    world.server.knows("mine", REDIRECT, key=key.public_key())
    return world


def fails(world, error, **settings):
    with pytest.raises(error) as caught:
        world.engine(**settings).replace(None)
    return caught.value


def proofs_in(world):
    """Give the claims and headers of every assertion that was sent; the server has verified them."""
    found = []
    for form in (*world.server.token_forms(), *world.server.revocation_forms()):
        assertion = form["client_assertion"]
        assert form["client_assertion_type"] == ASSERTION_TYPE
        claims = jwt.decode(assertion, options={"verify_signature": False})
        found.append((claims, jwt.get_unverified_header(assertion)))
    return found


# Every grant.


@requirement("TOK-7", "TOK-8")
def test_a_login_its_renewal_and_its_end_are_each_signed_anew():
    world = world_of(revokes_tokens=True)
    engine = world.engine(**PERSON)
    engine.replace(None)
    world.clock.time += DAY
    engine.replace(None)
    engine.logout()
    assert world.server.grant_types() == ["authorization_code", "refresh_token"]
    assert len(world.server.revocation_forms()) == 2
    claims = [each for each, _ in proofs_in(world)]
    assert {(each["iss"], each["sub"], each["aud"]) for each in claims} == {("mine", "mine", ISSUER)}
    assert len({each["jti"] for each in claims}) == len(claims) == 4
    assert all(each["exp"] - each["iat"] == 300 for each in claims)
    assert [each["iat"] for each in claims] == sorted(
        int(world.clock.time) - (0 if late else DAY) for late in (0, 1, 1, 1)
    )


@requirement("TOK-7", "TOK-8", "CC-4")
def test_a_machine_signs():
    world = world_of()
    token = world.engine(**MACHINE).replace(None)
    assert world.server.accepts(token.access_token.reveal())
    (form,) = world.server.token_forms()
    assert form.keys() == {"grant_type", "resource", "client_id", "client_assertion_type", "client_assertion"}
    assert form["grant_type"] == "client_credentials"
    assert "Authorization" not in dict(world.server.requests[-1].headers)


@requirement("TOK-7", "WIF-1")
def test_a_workload_with_a_client_of_its_own_signs_beside_its_assertion():
    platform = Voucher("https://platform.example.net")
    world = world_of(believes=(platform,), says_further={"grant_types_supported": [JWT_BEARER]})
    now = int(world.clock.now())
    source = lambda audience: platform.says(aud=audience, iat=now, exp=now + 60)  # noqa: E731
    world.engine(**MACHINE, workload_token=source).replace(None)
    (form,) = world.server.token_forms()
    assert form["assertion"] != form["client_assertion"]
    assert form["client_id"] == "mine"


@requirement("CIMD-8", "TOK-7")
def test_a_client_with_a_document_signs_every_token_request():
    world = World(says_further={"client_id_metadata_document_supported": True}, revokes_tokens=True)
    world.server.knows(DOCUMENT, REDIRECT, key=EC.public_key())
    engine = world.engine(client_metadata_url=DOCUMENT, private_key=KEY, redirect_uri=REDIRECT)
    engine.replace(None)
    world.clock.time += DAY
    engine.replace(None)
    engine.logout()
    assert {claims["iss"] for claims, _ in proofs_in(world)} == {DOCUMENT}
    assert len(proofs_in(world)) == 4


@requirement("CIMD-8")
def test_a_server_that_does_not_find_the_key_in_the_document_is_told_apart():
    world = World(says_further={"client_id_metadata_document_supported": True}, registers_clients=False)
    world.server.knows(DOCUMENT, REDIRECT, key=RSA.public_key())
    settings = {"client_metadata_url": DOCUMENT, "private_key": KEY, "redirect_uri": REDIRECT}
    with pytest.raises((ClientRefused, Unsupported)):
        world.engine(**settings).replace(None)
    assert all("client_assertion" in form for form in world.server.token_forms())


# The key.


@requirement("CC-9", "TOK-9")
def test_a_key_that_was_replaced_in_its_file_is_used_from_the_next_request_on(tmp_path):
    path = tmp_path / "key.pem"
    path.write_text(pem_of(EC))
    world = world_of()
    engine = world.engine(**{**MACHINE, "private_key": PrivateKey(path)})
    engine.replace(None)
    path.write_text(pem_of(RSA))
    world.server.knows("mine", key=RSA.public_key())
    world.clock.time += DAY
    engine.replace(None)
    assert [header["alg"] for _, header in proofs_in(world)] == ["ES256", "RS256"]


@requirement("TOK-9")
@pytest.mark.parametrize(("listed", "algorithm"), [(None, "RS256"), (["ES256", "PS384"], "PS384")])
def test_the_list_of_the_server_decides_the_algorithm(listed, algorithm):
    world = world_of(RSA, says_further={"token_endpoint_auth_signing_alg_values_supported": listed})
    key = PrivateKey(Secret(pem_of(RSA)), key_id="2026-11")
    world.engine(**{**MACHINE, "private_key": key}).replace(None)
    ((_, header),) = proofs_in(world)
    assert (header["alg"], header["kid"]) == (algorithm, "2026-11")


@requirement("TOK-9")
def test_nothing_is_sent_where_the_server_takes_no_algorithm_of_the_key():
    world = world_of(says_further={"token_endpoint_auth_signing_alg_values_supported": ["RS256"]})
    error = fails(world, ConfigurationError, **MACHINE)
    assert "RS256" in error.message
    assert "ES256" in error.message
    assert world.server.token_forms() == []


@requirement("SEC-12")
def test_a_refused_assertion_is_an_error_with_neither_key_nor_assertion():
    world = world_of(RSA)
    error = fails(world, ClientRefused, **MACHINE)
    said = hostile.everything_said_by(error) + repr(world.engine(**MACHINE).settings)
    hidden = [*world.server.secrets, *material_of(pem_of(EC))]
    assert world.server.token_forms()[0]["client_assertion"] in hidden
    assert [secret for secret in hidden if secret in said] == []


@requirement("TOK-16", "TOK-4")
@pytest.mark.parametrize(
    ("listed", "signs"),
    [(None, True), (("private_key_jwt", "client_secret_basic"), True), (("client_secret_basic",), False)],
)
def test_a_client_with_key_and_secret_signs_unless_only_the_secret_is_taken(listed, signs):
    world = World(lists_authentication=listed)
    world.server.knows("mine", secret="s3cret", key=EC.public_key())
    world.engine(**MACHINE, client_secret=Secret("s3cret"), issuer=ISSUER).replace(None)
    assert ("client_assertion" in world.server.token_forms()[0]) is signs


# A source of finished assertions instead of a key.


def test_a_source_gives_an_assertion_for_the_audience_at_every_request():
    world, asked = world_of(), []
    me = Voucher("mine")
    world.server.knows("mine", key=me.public_key)

    def source(audience):
        asked.append(audience)
        now = int(world.clock.now())
        return me.says(sub="mine", aud=audience, iat=now, exp=now + 60) + "\n"

    engine = world.engine(client_id="mine", client_assertion=source)
    engine.replace(None)
    world.clock.time += DAY
    engine.replace(None)
    assert asked == [ISSUER, ISSUER]
    assert [form["client_assertion"] for form in world.server.token_forms()] == me.issued


def key_service_that_is_down(_):
    message = "canary-assertion"
    raise ConnectionError(message)


@pytest.mark.parametrize(
    ("source", "error"), [(key_service_that_is_down, TemporaryError), (lambda _: None, ConfigurationError)]
)
def test_a_source_that_gives_none_is_an_error_of_its_kind(source, error):
    world = world_of()
    failure = fails(world, error, client_id="mine", client_assertion=source)
    assert "client_assertion" in failure.message
    assert "canary" not in str(failure)
    assert world.server.token_forms() == []


# Whom an assertion is for.


@requirement("TOK-8")
def test_the_audience_is_the_issuer_byte_for_byte():
    issuer = f"{ISSUER}/tenant/"
    world = world_of(issuer=issuer)
    world.engine(**MACHINE).replace(None)
    assert proofs_in(world)[0][0]["aud"] == issuer


@requirement("TOK-8")
def test_an_older_server_may_get_the_audience_it_wants():
    """Many servers of before RFC 7523bis take their token endpoint alone."""
    world = world_of()
    assert fails(world, ClientRefused, **MACHINE, issuer=ISSUER, assertion_audience=TOKEN).status == 401
    assert proofs_in(world)[0][0]["aud"] == TOKEN


@requirement("TOK-8")
@pytest.mark.parametrize("more", [{}, {"redirect_uri": REDIRECT}])
def test_an_audience_of_its_own_belongs_to_a_server_that_is_named(more):
    """Else a hostile MCP server could lead the client to its own server and use the assertion at the other one."""
    with pytest.raises(ConfigurationError, match="belongs to one authorization server"):
        World.settings(**MACHINE, **more, assertion_audience=TOKEN)
    assert World.settings(**MACHINE, **more, assertion_audience=TOKEN, issuer=ISSUER)
    assert World.settings(**MACHINE, assertion_audience=ISSUER, token_endpoint=TOKEN)


@requirement("TOK-8", "REG-4")
def test_a_signing_client_belongs_to_its_first_issuer_like_one_with_a_secret():
    world = world_of()
    world.engine(**MACHINE).replace(None)
    world.clock.time += DAY
    other = AuthorizationServer(issuer=OTHER)
    world.send = Internet(world.server, other)
    world.server.names_issuers = (OTHER,)
    fails(world, IssuerMismatch, **MACHINE)
    assert other.token_forms() == []


def test_a_signing_client_is_not_shown_to_a_guessed_endpoint():
    world = world_of(describes_the_resource_at=(), describes_itself_at=())
    fails(world, Unsupported, **MACHINE)
    assert world.server.token_forms() == []


# Whose key it is.


@pytest.mark.parametrize(
    ("client", "signs"),
    [
        (Client("mine", ISSUER), True),
        (Client(DOCUMENT, ISSUER, origin=ClientOrigin.DOCUMENT), True),
        (Client("registered", ISSUER, origin=ClientOrigin.REGISTERED), False),
        (Client("mine", ISSUER, origin=ClientOrigin.REGISTERED), False),
        (Client("another", ISSUER), False),
        (Client("", ISSUER), False),
    ],
)
def test_the_key_signs_for_the_client_it_was_given_for_and_no_other(client, signs):
    world = World()
    proofs = ClientAuthenticator(world.settings(**MACHINE, client_metadata_url=DOCUMENT), world.seams())
    proof = proofs.authenticate(client, ServerMetadata(ISSUER, token_endpoint=TOKEN))
    assert ("client_assertion" in dict(proof.fields)) is signs


def test_the_key_of_a_document_does_not_sign_for_a_client_registered_by_hand():
    world = World()
    clients = (RegisteredClient(ISSUER, "by-hand"),)
    settings = world.settings(clients=clients, client_metadata_url=DOCUMENT, private_key=KEY)
    proof = ClientAuthenticator(settings, world.seams()).authenticate(Client("by-hand", ISSUER), ServerMetadata(ISSUER))
    assert proof.fields == (("client_id", "by-hand"),)


def test_a_client_that_has_to_sign_and_has_nothing_to_sign_with_says_so():
    world = World()
    client = Client("registered", ISSUER, authentication=ClientAuthentication.PRIVATE_KEY)
    with pytest.raises(ConfigurationError, match="it has no key"):
        ClientAuthenticator(world.settings(), world.seams()).authenticate(client, ServerMetadata(ISSUER))


@requirement("TOK-15")
def test_another_endpoint_is_shown_what_it_offers():
    world = World(lists_authentication=("private_key_jwt",), revokes_tokens=True)
    world.server.says_further = {"revocation_endpoint_auth_methods_supported": ["client_secret_basic"]}
    world.server.knows("mine", secret="s3cret", key=EC.public_key())
    engine = world.engine(**MACHINE, client_secret=Secret("s3cret"), issuer=ISSUER)
    engine.replace(None)
    engine.logout()
    assert "client_assertion" in world.server.token_forms()[0]
    sent = [request for request in world.server.requests if request.url == REVOKE]
    assert [dict(request.headers)["Authorization"][:6] for request in sent] == ["Basic "]
