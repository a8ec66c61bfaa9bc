# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""An identity provider vouches for its employee: both legs, what is kept between them, and who sees what."""

import logging
from urllib.parse import urlsplit

import pytest

from tests.fakes import hostile
from tests.fakes.authorization_server import ISSUER, JWT_BEARER, MCP, TOKEN, AuthorizationServer
from tests.fakes.employee import CLIENT_HERE, SECRET_HERE, Employee
from tests.fakes.identity_provider import (
    CLIENT_THERE,
    ID_JAG,
    ID_TOKEN,
    IDP,
    IDP_METADATA,
    IDP_TOKEN,
    SECRET_THERE,
    TOKEN_EXCHANGE,
    IdentityProviderServer,
)
from tests.fakes.keys import pem_of, private_key
from tests.fakes.network import HTML, Internet, challenges, no_answer
from tests.network.server import WireServer, answer
from tests.requirements import requirement
from valetkey._engine.factory import build_engine
from valetkey.errors import (
    AuthError,
    ClientRefused,
    ConfigurationError,
    IssuerMismatch,
    LoginRequired,
    MalformedDocument,
    Refused,
    TemporaryError,
    Unsupported,
)
from valetkey.settings.credentials import IdentityProvider, PrivateKey, RegisteredClient
from valetkey.settings.settings import Settings
from valetkey.values import Secret
from valetkey.wire import HttpResponse

ID_JAG_PROFILE = "urn:ietf:params:oauth:grant-profile:id-jag"
DOCUMENT = "https://app.example/client.json"
OTHER = "https://other.example.org"
DAY = 86_400


@pytest.fixture
def employee():
    return Employee()


# The two legs.


@requirement("EMA-1", "EMA-4", "EMA-5", "EMA-6", "EMA-9", "EMA-11", "RES-1")
def test_an_employee_gets_a_token_without_being_asked(employee):
    token = employee.engine().replace(None)
    assert employee.server.accepts(token.access_token.reveal())
    assert employee.internet.log()[-2:] == [f"POST {IDP_TOKEN}", f"POST {TOKEN}"]
    assert employee.idp.exchanges() == [
        {
            "grant_type": TOKEN_EXCHANGE,
            "requested_token_type": ID_JAG,
            "subject_token": employee.idp.voucher.issued[0],
            "subject_token_type": ID_TOKEN,
            "audience": ISSUER,
            "resource": MCP,
        }
    ]
    assert employee.server.token_forms() == [
        {"grant_type": JWT_BEARER, "assertion": employee.idp.voucher.issued[1], "resource": MCP}
    ]
    assert (employee.world.person.asked, employee.server.registrations()) == ([], [])


@requirement("EMA-5")
def test_the_audience_is_the_issuer_as_it_writes_itself():
    employee = Employee(issuer=f"{ISSUER}/tenant/")
    employee.engine().replace(None)
    assert employee.idp.exchanges()[0]["audience"] == f"{ISSUER}/tenant/"


@requirement("EMA-6")
def test_the_identity_provider_hears_the_resource_even_where_the_server_does_not_take_it(employee):
    employee.engine(send_resource=False).replace(None)
    assert employee.idp.exchanges()[0]["resource"] == MCP
    assert "resource" not in employee.server.token_forms()[0]


@requirement("EMA-11", "EMA-15")
def test_each_server_sees_its_own_credentials_alone(employee):
    employee.engine().replace(None)
    seen = {IDP: b"", ISSUER: b"", MCP: b""}
    for request in employee.internet.requests:
        origin = next(each for each in seen if urlsplit(each).hostname == urlsplit(request.url).hostname)
        seen[origin] += repr(request.headers).encode() + request.body
    id_token, assertion = (each.encode() for each in employee.idp.voucher.issued)
    assert (id_token in seen[IDP], id_token in seen[ISSUER] + seen[MCP]) == (True, False)
    assert (assertion in seen[ISSUER], assertion in seen[IDP] + seen[MCP]) == (True, False)
    owners = {request.url: {request.issuer, *request.credentials_of} for request in employee.internet.requests[-2:]}
    assert owners == {IDP_TOKEN: {IDP}, TOKEN: {ISSUER}}


@requirement("EMA-10", "EMA-17")
@pytest.mark.parametrize("signs", [False, True])
def test_a_metadata_document_may_introduce_the_client(signs):
    employee = Employee(idp={"client_id_there": DOCUMENT}, says_further={"client_id_metadata_document_supported": True})
    key = private_key("P-256")
    employee.server.knows(DOCUMENT, key=key.public_key() if signs else None)
    proof = {"private_key": PrivateKey(Secret(pem_of(key)))} if signs else {}
    employee.engine(client_id=None, client_secret=None, client_metadata_url=DOCUMENT, **proof).replace(None)
    form = employee.server.token_forms()[0]
    assert (form["client_id"], "client_assertion" in form) == (DOCUMENT, signs)


def test_without_a_client_for_this_server_the_error_says_what_to_register(employee):
    error = employee.fails(Unsupported, client_id=None, client_secret=None, client_metadata_url=DOCUMENT)
    assert "no client at https://auth.example.com" in str(error)
    assert employee.idp.exchanges() == []


def test_the_client_of_the_issuer_is_used_of_several(employee):
    clients = (
        RegisteredClient(OTHER, "other", Secret("other-s3cret")),
        RegisteredClient(ISSUER, CLIENT_HERE, Secret(SECRET_HERE)),
    )
    assert employee.engine(client_id=None, client_secret=None, clients=clients).replace(None)


@requirement("EMA-17")
@pytest.mark.parametrize(
    "settings",
    [
        {"client_id": CLIENT_HERE},
        {},
        {"clients": (RegisteredClient(ISSUER, CLIENT_HERE),)},
        {"client_id": CLIENT_HERE, "client_metadata_url": DOCUMENT},
    ],
)
def test_a_client_that_cannot_prove_itself_is_refused_at_once(employee, settings):
    with pytest.raises(ConfigurationError, match="can prove itself"):
        employee.engine(**{"client_id": None, "client_secret": None, **settings})


# Who we are at the identity provider.


@requirement("EMA-7")
@pytest.mark.parametrize(
    ("listed", "method"),
    [
        (None, "Basic"),
        (("client_secret_basic",), "Basic"),
        (("client_secret_post",), "post"),
        (("client_secret_post", "client_secret_basic"), "Basic"),
    ],
)
def test_the_client_proves_itself_at_the_provider_as_its_metadata_says(listed, method):
    employee = Employee(idp={"lists_authentication": listed})
    employee.engine(provider=employee.provider(token_endpoint=None)).replace(None)
    assert [each.url for each in employee.idp.requests] == [IDP_METADATA, IDP_TOKEN]
    is_basic = dict(employee.idp.requests[-1].headers).get("Authorization", "").startswith("Basic ")
    assert (is_basic, "client_secret" in employee.idp.exchanges()[0]) == (method == "Basic", method == "post")


@requirement("EMA-7", "TOK-8")
def test_the_client_may_sign_at_the_provider_with_a_key_of_its_own():
    there, here = private_key("P-384"), private_key("P-256")
    employee = Employee(idp={"key": there.public_key(), "secret": None})
    employee.server.knows(CLIENT_HERE, key=here.public_key())
    provider = employee.provider(client_secret=None, private_key=PrivateKey(Secret(pem_of(there))))
    employee.engine(provider=provider, client_secret=None, private_key=PrivateKey(Secret(pem_of(here)))).replace(None)
    assert all("client_assertion" in form for form in (*employee.idp.exchanges(), *employee.server.token_forms()))


@requirement("TOK-8")
def test_a_provider_may_want_another_audience():
    key = private_key("P-256")
    employee = Employee(idp={"key": key.public_key(), "secret": None, "wants_audience": IDP_TOKEN})
    settings = {"client_secret": None, "private_key": PrivateKey(Secret(pem_of(key)))}
    assert employee.fails(ClientRefused, provider=employee.provider(**settings))
    assert employee.engine(provider=employee.provider(**settings, assertion_audience=IDP_TOKEN)).replace(None)


@requirement("EMA-7", "EMA-11")
def test_the_key_for_the_server_is_not_used_at_the_provider():
    here = private_key("P-256")
    employee = Employee(idp={"secret": None, "key": here.public_key()})
    employee.server.knows(CLIENT_HERE, key=here.public_key())
    settings = {"client_secret": None, "private_key": PrivateKey(Secret(pem_of(here)))}
    employee.engine(provider=employee.provider(client_secret=None), **settings).replace(None)
    assert "client_assertion" not in employee.idp.exchanges()[0]
    assert employee.idp.exchanges()[0]["client_id"] == CLIENT_THERE


def test_a_provider_that_does_not_know_our_client_is_named():
    employee = Employee(idp={"secret": "another"})
    error = employee.fails(ClientRefused)
    assert IDP_TOKEN in error.message
    assert IDP in error.hint
    assert employee.server.token_forms() == []


def test_a_provider_whose_metadata_belongs_to_somebody_else_gets_nothing(employee):
    employee.idp.issuer = OTHER
    employee.fails(IssuerMismatch, provider=employee.provider(token_endpoint=None))
    assert employee.idp.exchanges() == []


@pytest.mark.parametrize(("status", "error"), [(404, Unsupported), (503, TemporaryError)])
def test_a_provider_without_metadata_gets_nothing(employee, status, error):
    employee.idp.troubles = [HttpResponse(status, IDP_METADATA)] * 2
    employee.fails(error, provider=employee.provider(token_endpoint=None))
    assert employee.idp.exchanges() == []


def test_a_provider_inside_the_network_is_reached_although_the_mcp_server_is_outside():
    """The user has named it; an MCP server on the internet may lead nobody there (and nothing is asked of it here)."""
    idp = IdentityProviderServer()
    settings = {"url": "https://mcp.example/mcp", "client_id": CLIENT_HERE, "client_secret": Secret(SECRET_HERE)}
    refusal = b'{"error": "access_denied"}'
    with WireServer(lambda peer: peer.send(answer("400 Bad Request", body=refusal))) as here:
        provider = IdentityProvider(here.url, CLIENT_THERE, Secret(idp.id_token()), f"{here.url}/token")
        engine = build_engine(
            Settings(**settings, token_endpoint="https://as.example/token", identity_provider=provider),
            store="memory:",
            login="never",
        )
        with pytest.raises(Refused) as caught:
            engine.replace(None)
    assert (caught.value.error, caught.value.endpoint) == ("access_denied", f"{here.url}/token")


# What happens when a token has ended.


@requirement("EMA-12")
def test_an_assertion_that_still_lasts_is_presented_again():
    employee = Employee(token_life=60, idp={"assertion_life": 300})
    engine = employee.engine()
    for _ in range(3):
        assert engine.replace(engine.current())
        employee.world.clock.time += 90
    assert len(employee.idp.exchanges()) == 1
    assert employee.presented() == [employee.idp.voucher.issued[1]] * 3


@requirement("EMA-12")
@pytest.mark.parametrize(("life", "later"), [(300, 300), (300, 295), (None, 61)])
def test_one_that_does_not_is_asked_for_anew_with_a_fresh_id_token(life, later):
    employee = Employee(token_life=60, idp={"assertion_life": life})
    engine = employee.engine()
    engine.replace(None)
    employee.world.clock.time += later
    assert engine.replace(None)
    assert (len(employee.idp.exchanges()), employee.logins) == (2, 2)
    assert len(set(employee.presented())) == 2


@requirement("EMA-12", "EMA-14")
def test_a_server_that_takes_an_assertion_only_once_gets_another_one():
    employee = Employee(token_life=60, takes_assertions_once=True, idp={"assertion_life": 3600})
    engine = employee.engine()
    for _ in range(3):
        assert employee.server.accepts(engine.replace(engine.current()).access_token.reveal())
        employee.world.clock.time += 90
    one, two, three = (each for each in employee.idp.voucher.issued if each in employee.presented())
    assert employee.presented() == [one, one, two, three], "after the first refusal it is not tried again"


@requirement("EMA-14")
def test_any_other_refusal_of_an_assertion_is_reported(employee):
    engine = employee.engine()
    engine.replace(None)
    employee.server.refuses_tokens_with = "invalid_scope"
    with pytest.raises(Refused) as caught:
        engine.replace(engine.current())
    assert caught.value.error == "invalid_scope"
    assert len(employee.idp.exchanges()) == 1
    employee.server.refuses_tokens_with = None
    assert engine.replace(engine.current())
    assert len(employee.idp.exchanges()) == 2


@requirement("EMA-14")
def test_a_new_assertion_that_is_refused_is_not_replaced_by_yet_another():
    employee = Employee(believes=())
    error = employee.fails(Refused)
    assert "trusts https://idp.example.com" in error.hint
    assert (len(employee.idp.exchanges()), len(employee.presented())) == (1, 1)


@requirement("EMA-12")
def test_the_token_is_renewed_ahead_of_its_end(employee):
    engine = employee.engine()
    engine.replace(None)
    employee.world.clock.time += 3600 - 30
    engine.current()  # starts the renewal
    engine.replace(None)  # joins it
    assert len(employee.server.token_forms()) == 2


@requirement("EMA-12")
def test_a_renewal_token_is_used_if_a_server_gives_one_all_the_same(employee):
    answer = '{"access_token": "at", "token_type": "Bearer", "expires_in": 60, "refresh_token": "rt"}'
    employee.server.has(TOKEN, (200, "application/json", answer))
    engine = employee.engine()
    engine.replace(None)
    assert employee.world.kept(
        client_id=CLIENT_HERE, client_secret=Secret("x"), identity_provider=employee.provider()
    ).token.refresh_token == Secret("rt")


@requirement("EMA-13")
def test_an_assertion_for_one_server_is_never_shown_to_another(employee):
    other = AuthorizationServer(issuer=OTHER, believes=(employee.idp.voucher,), now=employee.world.clock.now)
    other.knows(CLIENT_HERE, secret=SECRET_HERE)
    employee.world.send = Internet(employee.server, employee.idp, other)
    clients = tuple(RegisteredClient(issuer, CLIENT_HERE, Secret(SECRET_HERE)) for issuer in (ISSUER, OTHER))
    engine = employee.engine(client_id=None, client_secret=None, clients=clients)
    engine.replace(None)
    employee.server.names_issuers = (OTHER,)
    employee.world.clock.time += 3600
    employee.idp.assertion_life = 7200
    engine.replace(None)
    assert [exchange["audience"] for exchange in employee.idp.exchanges()] == [ISSUER, OTHER]
    assert set(employee.presented()) & {form["assertion"] for form in other.token_forms()} == set()


def test_the_secret_for_one_server_is_never_shown_to_another(employee):
    """The user has named the issuer that the client of `client_id` belongs to."""
    employee.engine().replace(None)
    employee.world.clock.time += DAY
    other = AuthorizationServer(issuer=OTHER, believes=(employee.idp.voucher,), now=employee.world.clock.now)
    employee.world.send = Internet(employee.server, employee.idp, other)
    employee.server.names_issuers = (OTHER,)
    employee.fails(IssuerMismatch)
    assert (len(employee.idp.exchanges()), other.token_forms()) == (1, [])


# What the server says of itself.


@requirement("EMA-2")
@pytest.mark.parametrize(
    "said",
    [
        {"authorization_grant_profiles_supported": [ID_JAG_PROFILE], "grant_types_supported": [JWT_BEARER]},
        {"grant_types_supported": [JWT_BEARER]},
        {},
    ],
)
def test_a_server_that_lists_the_profile_or_nothing_is_asked(said):
    assert Employee(says_further=said).engine().replace(None)


@requirement("EMA-2")
@pytest.mark.parametrize(
    "said",
    [
        {"authorization_grant_profiles_supported": ["urn:other"], "grant_types_supported": [JWT_BEARER]},
        {"grant_types_supported": ["authorization_code"]},
    ],
)
def test_a_server_that_lists_other_things_is_not_asked(said):
    employee = Employee(says_further=said)
    employee.fails(Unsupported)
    assert (employee.idp.requests, employee.presented()) == ([], [])


# Scope.


@requirement("EMA-18")
def test_the_provider_may_allow_less_than_was_asked_for():
    """§7.2.1: the server wants to be asked for at least what the assertion allows; for more there is no reason."""
    employee = Employee(publishes_scopes=("read", "write"), idp={"allows_scope": "read"})
    token = employee.engine().replace(None)
    assert employee.idp.exchanges()[0]["scope"] == "read write"
    assert employee.server.token_forms()[0]["scope"] == "read"
    assert token.scope == ("read",)


@requirement("EMA-18")
def test_the_server_may_grant_less_again():
    employee = Employee(publishes_scopes=("read", "write", "admin"), grants_only="read")
    assert employee.engine().replace(None).scope == ("read",)


@requirement("EMA-18")
@pytest.mark.parametrize("tells", [True, False])
def test_a_provider_that_does_not_tell_the_scope_allows_what_was_asked_for(tells):
    employee = Employee(publishes_scopes=("read", "write"), idp={"tells_scope": tells})
    assert employee.engine().replace(None).scope == ("read", "write")


@requirement("EMA-18", "STP-2", "STP-3")
def test_more_scope_is_got_without_asking_anybody():
    employee = Employee(publishes_scopes=("read",))
    engine = employee.engine()
    token = engine.replace(engine.replace(None), challenges('Bearer error="insufficient_scope", scope="write"'))
    assert token.scope == ("read", "write")
    assert [exchange["scope"] for exchange in employee.idp.exchanges()] == ["read", "read write"]
    assert employee.world.person.asked == []


@requirement("EMA-18")
def test_more_scope_that_the_provider_does_not_allow_gives_what_there_is():
    employee = Employee(publishes_scopes=("read",), idp={"allows_scope": "read"})
    engine = employee.engine()
    token = engine.replace(engine.replace(None), challenges('Bearer error="insufficient_scope", scope="write"'))
    assert token.scope == ("read",)


# When a person is needed after all.


@requirement("EMA-12")
def test_an_id_token_that_has_expired_needs_a_person(employee):
    expired = Secret(employee.idp.id_token(life=60))
    employee.world.clock.time += DAY
    error = employee.fails(LoginRequired, provider=employee.provider(id_token=expired))
    assert "has expired" in error.message
    assert IDP in error.message
    assert employee.presented() == []


def test_an_id_token_that_is_refused_before_its_end_is_a_matter_of_policy():
    employee = Employee(idp={"refuses_with": {"error": "invalid_grant", "error_description": "Audience"}})
    error = employee.fails(Refused)
    assert (type(error), error.description) == (Refused, "Audience")
    assert "administrators of https://idp.example.com" in error.hint


def test_a_provider_that_wants_a_better_login_needs_a_person():
    employee = Employee(idp={"refuses_with": {"error": "insufficient_user_authentication", "max_age": 5}})
    error = employee.fails(LoginRequired)
    assert 'max_age "5"' in error.message
    assert employee.presented() == []


@requirement("EMA-12")
def test_a_fresh_id_token_in_its_file_ends_the_trouble(employee, tmp_path):
    path = tmp_path / "id_token"
    path.write_text(employee.idp.id_token(life=60))
    engine = employee.engine(provider=employee.provider(id_token=path))
    engine.replace(None)
    employee.world.clock.time += DAY
    with pytest.raises(LoginRequired):
        engine.replace(None)
    path.write_text(employee.idp.id_token() + "\n")
    assert engine.replace(None)


# What else may come back.


@requirement("EMA-8")
@pytest.mark.parametrize("members", [{"token_type": "Bearer"}, {"issued_token_type": "urn:x"}])
def test_an_access_token_of_the_provider_is_presented_to_nobody(members):
    employee = Employee(idp={"answers_with": members})
    employee.fails(Unsupported)
    assert employee.presented() == []


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (HttpResponse(502, IDP_TOKEN), TemporaryError),
        (HttpResponse(HTML[0], IDP_TOKEN, (("Content-Type", HTML[1]),), HTML[2].encode()), MalformedDocument),
        (HttpResponse(307, IDP_TOKEN, (("Location", "https://evil.example/"),)), MalformedDocument),
    ],
)
def test_a_provider_in_trouble_is_an_error_of_its_kind(employee, response, error):
    employee.idp.troubles = [response]
    employee.fails(error)
    assert employee.presented() == []
    assert employee.engine().replace(None)


@requirement("EMA-8", "EMA-15", "SEC-12")
def test_neither_id_token_nor_assertion_nor_secret_is_logged_or_kept_or_shown(employee, caplog):
    caplog.set_level(logging.DEBUG)
    world, engine, said = employee.world, employee.engine(), []
    engine.replace(None)
    for trouble in ([503], [no_answer()], [403], [(200, "text/html", "<html>")]):
        world.clock.time += DAY
        world.server.has(TOKEN, *trouble)
        said.append(hostile.everything_said_by(employee.fails(AuthError)))
    world.server.refuses_tokens_with, world.server.repeats_what_it_was_sent = "invalid_grant", True
    said.append(hostile.everything_said_by(employee.fails(Refused)))
    expired = Secret(employee.idp.id_token(life=1))
    world.clock.time += DAY
    provider = employee.provider(id_token=expired)  # and the provider repeats it in its refusal
    said.append(hostile.everything_said_by(employee.fails(LoginRequired, provider=provider)))
    said += [repr(engine.session), repr(engine.settings), repr(provider), caplog.text]
    said += [request.url + repr(request) for request in employee.internet.requests]
    records = [world.store.inner.get(key) for _, key in world.store.calls]
    kept = b"".join(record.value for record in records if record is not None).decode()
    issued = employee.idp.voucher.issued
    assert len(issued) >= 12
    assert [secret for secret in (*issued, SECRET_THERE) if any(secret in text for text in (*said, kept))] == []
    assert not any(SECRET_HERE in text for text in said)
