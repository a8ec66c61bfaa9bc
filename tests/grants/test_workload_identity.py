# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A workload shows the token of its platform: read anew, sent to the right server, once, and never kept."""

import logging

import pytest

from tests.fakes import hostile
from tests.fakes.authorization_server import (
    ISSUER,
    JWT_BEARER,
    MCP,
    RESOURCE_METADATA,
    SERVER_METADATA,
    TOKEN,
    AuthorizationServer,
)
from tests.fakes.network import Internet, challenges, no_answer, unreachable
from tests.fakes.workload import LISTED, Workload
from tests.requirements import requirement
from valetkey.errors import (
    AuthError,
    ClientRefused,
    ConfigurationError,
    IssuerMismatch,
    LoginRequired,
    Refused,
    TemporaryError,
    Unsupported,
)
from valetkey.values import Secret

EVIL = "https://evil.example.org"


@pytest.fixture
def workload():
    return Workload()


@requirement("WIF-1", "WIF-3", "RES-1")
def test_a_workload_gets_a_token_with_nothing_but_what_its_platform_gave(workload):
    token = workload.engine().replace(None)
    assert workload.world.server.accepts(token.access_token.reveal())
    assert workload.world.server.log() == [f"GET {RESOURCE_METADATA}", f"GET {SERVER_METADATA}", f"POST {TOKEN}"]
    assert workload.world.server.token_forms() == [
        {"grant_type": JWT_BEARER, "assertion": workload.platform.issued[0], "resource": MCP}
    ]
    assert (workload.asked_for, workload.world.person.asked) == ([ISSUER], [])


@requirement("WIF-1", "SCP-1")
def test_the_scope_is_chosen_by_the_usual_rules(workload):
    workload.world.server.publishes_scopes = ("read", "write")
    workload.world.server.lists_scopes = ("read", "offline_access")
    engine = workload.engine()
    engine.replace(engine.replace(None), challenges('Bearer error="insufficient_scope", scope="admin"'))
    workload.engine(scope=("mine",), label="another").replace(None)
    scopes = [form["scope"] for form in workload.world.server.token_forms()]
    assert scopes == ["read write", "read write admin", "mine"]


@requirement("WIF-2")
def test_the_file_of_the_platform_is_read_anew_for_every_token(workload, tmp_path):
    path = tmp_path / "token"
    engine = workload.engine(workload_token=path)
    for _ in range(3):
        path.write_text(workload.token() + "\n")
        assert workload.world.server.accepts(engine.replace(None).access_token.reveal())
        workload.world.clock.time += 86_400
    assert workload.shown() == workload.platform.issued
    assert len(set(workload.shown())) == 3


@requirement("WIF-2", "CC-8")
def test_a_token_is_renewed_ahead_of_its_end_with_a_new_assertion(workload):
    engine = workload.engine()
    engine.replace(None)
    workload.world.clock.time += 3600 - 30
    engine.current()  # starts the renewal
    engine.replace(None)  # joins it
    assert workload.world.server.grant_types() == [JWT_BEARER, JWT_BEARER]
    assert workload.shown() == workload.platform.issued[:2]


def test_a_client_id_is_sent_where_there_is_one(workload):
    workload.world.server.knows("agent")
    workload.engine(client_id="agent").replace(None)
    assert workload.world.server.token_forms()[0]["client_id"] == "agent"


def test_a_client_proves_itself_beside_the_assertion_if_it_can(workload):
    workload.world.server.knows("agent", secret="s3cret", method="client_secret_basic")
    workload.engine(client_id="agent", client_secret=Secret("s3cret"), issuer=ISSUER).replace(None)
    assert "Authorization" in dict(workload.world.server.requests[-1].headers)


@requirement("WIF-1")
def test_neither_a_registration_nor_a_document_introduces_a_workload(workload):
    workload.world.server.says_further = {**LISTED, "client_id_metadata_document_supported": True}
    workload.engine(client_metadata_url="https://app.example/client.json").replace(None)
    assert "client_id" not in workload.world.server.token_forms()[0]
    assert workload.world.server.registrations() == []


# Whom the token may be shown to.


@requirement("WIF-3")
@pytest.mark.parametrize("audience", [ISSUER, f"{ISSUER}/", TOKEN, ["urn:others", ISSUER]])
def test_a_token_for_the_issuer_or_its_token_endpoint_may_go_there(workload, audience):
    workload.engine(workload_token=lambda _: workload.token(audience)).replace(None)
    assert len(workload.shown()) == 1


@requirement("WIF-3")
def test_strictly_compared_a_slash_makes_another_audience(workload):
    workload.fails(IssuerMismatch, strict=True, workload_token=lambda _: workload.token(f"{ISSUER}/"))
    assert workload.shown() == []


@requirement("WIF-5")
@pytest.mark.parametrize(
    "audience", ["https://other.example", "urn:sts", [], None, f"{ISSUER}/tenant", "HTTPS://auth.example.com"]
)
def test_a_token_for_somebody_else_is_not_sent(workload, audience):
    """Whoever gets it could show it there: the MCP server chooses the authorization server, and may be hostile."""
    token = workload.token(audience)
    error = workload.fails(IssuerMismatch, workload_token=lambda _: token)
    assert error.expected == ISSUER
    assert "issuer=" in error.hint
    assert workload.shown() == []
    assert token not in hostile.everything_said_by(error)


@requirement("WIF-5")
@pytest.mark.parametrize("token", ["opaque", "a.b.c.d.e", "e30.e30.sig"])
def test_a_token_that_does_not_say_whom_it_is_for_is_not_sent(workload, token):
    assert "names no audience" in str(workload.fails(IssuerMismatch, workload_token=lambda _: token))
    assert workload.shown() == []


@requirement("WIF-5")
def test_a_hostile_mcp_server_does_not_get_the_token_by_naming_its_own_authorization_server():
    workload = Workload(names_issuers=(EVIL,))
    evil = AuthorizationServer(issuer=EVIL, says_further=LISTED)
    workload.world.send = Internet(workload.world.server, evil)
    workload.fails(IssuerMismatch, workload_token=lambda _: workload.token())
    assert evil.log() == [f"GET {EVIL}/.well-known/oauth-authorization-server"]
    assert workload.shown() == []


@requirement("WIF-5")
def test_a_hostile_authorization_server_that_asks_the_platform_by_us_gets_a_token_that_is_good_nowhere_else():
    workload = Workload(names_issuers=(EVIL,))
    evil = AuthorizationServer(issuer=EVIL, says_further=LISTED)
    workload.world.send = Internet(workload.world.server, evil)
    workload.fails(Refused)
    assert workload.asked_for == [EVIL]


@requirement("WIF-3")
def test_with_the_issuer_named_the_audience_is_between_platform_and_server():
    workload = Workload()
    workload.engine(issuer=ISSUER, assertion_audience=TOKEN).replace(None)
    workload.engine(issuer=ISSUER, workload_token=lambda _: workload.token([TOKEN, "urn:sts"]), label="2").replace(None)
    assert workload.asked_for == [TOKEN]
    assert len(workload.shown()) == 2


@requirement("WIF-3")
def test_an_audience_of_its_own_without_an_issuer_is_refused_at_once(workload):
    with pytest.raises(ConfigurationError, match="belongs to one authorization server"):
        workload.engine(assertion_audience="urn:sts")


def test_with_client_and_token_endpoint_given_nothing_is_discovered(workload):
    workload.world.server.knows("agent")
    workload.engine(client_id="agent", token_endpoint=TOKEN, assertion_audience=ISSUER).replace(None)
    assert workload.world.server.log() == [f"POST {TOKEN}"]


@requirement("WIF-6")
@pytest.mark.parametrize("grants", [None, ["authorization_code", "client_credentials"]])
def test_a_server_that_does_not_list_the_grant_is_not_asked(grants):
    workload = Workload(says_further={"grant_types_supported": grants})
    workload.fails(Unsupported)
    assert (workload.shown(), workload.asked_for) == ([], [])


def test_a_server_that_the_user_has_named_may_keep_silent_about_its_grants():
    workload = Workload(says_further={})
    assert workload.engine(issuer=ISSUER).replace(None)


@requirement("WIF-6")
def test_a_guessed_token_endpoint_never_gets_a_token():
    workload = Workload(describes_the_resource_at=(), describes_itself_at=())
    workload.fails(Unsupported, workload_token=lambda _: workload.token("https://mcp.example.com"))
    assert not any(line.startswith("POST") for line in workload.world.server.log())


# What is refused is not tried again.


@requirement("WIF-4")
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("invalid_grant", Refused),
        ("invalid_scope", Refused),
        ("unauthorized_client", ClientRefused),
        ("invalid_request", Refused),
        ("unsupported_grant_type", Refused),
    ],
)
def test_a_refused_token_is_reported_and_nothing_else_is_tried(code, kind):
    workload = Workload(refuses_tokens_with=code, publishes_scopes=("read",))
    error = workload.fails(kind)
    assert (error.error, type(error)) == (code, kind)
    assert "trusts this platform" in error.hint
    assert not isinstance(error, LoginRequired)
    assert workload.world.server.grant_types() == [JWT_BEARER]
    assert workload.world.person.asked == []


@requirement("WIF-4")
def test_a_server_that_says_it_does_not_take_the_resource_gets_no_second_request():
    workload = Workload()
    refusal = '{"error": "invalid_request", "error_description": "parameter resource is not supported"}'
    workload.world.server.has(TOKEN, (400, "application/json", refusal))
    workload.fails(Refused)
    assert len(workload.asked_for) == 1


@requirement("WIF-4")
def test_an_expired_token_of_the_platform_is_reported(workload):
    old = workload.token()
    workload.world.clock.time += 86_400
    assert workload.fails(Refused, workload_token=lambda _: old).error == "invalid_grant"
    assert len(workload.shown()) == 1


# What goes wrong at the source.


def source_that_fails(error):
    def source(_):
        raise error

    return source


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (source_that_fails(OSError("canary-token")), TemporaryError),
        (source_that_fails(LoginRequired("Log in.", hint="There.")), LoginRequired),
        (lambda _: None, ConfigurationError),
        (lambda _: b"canary-token", ConfigurationError),
        (lambda _: "", ConfigurationError),
        (lambda _: " \n", ConfigurationError),
        (lambda _: "two canary-tokens", ConfigurationError),
        (lambda _: "canary-tökén", ConfigurationError),
    ],
)
def test_a_source_that_gives_no_token_is_told_apart_from_a_server_that_takes_none(workload, source, kind):
    error = workload.fails(kind, workload_token=source)
    assert type(error) is kind
    assert error.hint.endswith(".")
    assert "canary" not in str(error) + error.hint
    assert workload.shown() == []


def test_a_source_may_wrap_the_token(workload):
    workload.engine(workload_token=lambda audience: Secret(workload.token(audience))).replace(None)
    assert len(workload.shown()) == 1


@pytest.mark.parametrize("content", [None, b"", b"\n\n", "canary-tökén".encode(), b"canary \x00"])
def test_a_file_without_a_token_is_an_error_that_names_it(workload, tmp_path, content):
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    error = workload.fails(ConfigurationError, workload_token=path)
    assert "workload_token" in str(error)
    assert "canary" not in hostile.everything_said_by(error)


@requirement("WIF-5", "SEC-12")
def test_the_platforms_token_is_neither_logged_nor_kept(workload, caplog):
    caplog.set_level(logging.DEBUG)
    world, engine = workload.world, workload.engine()
    said = []
    engine.replace(None)
    for trouble in ([503], [unreachable()], [no_answer()], [403], [(200, "text/html", "<html>")]):
        world.clock.time += 86_400
        world.server.has(TOKEN, *trouble)
        said.append(hostile.everything_said_by(workload.fails(AuthError)))
    world.server.refuses_tokens_with, world.server.repeats_what_it_was_sent = "invalid_grant", True
    said.append(hostile.everything_said_by(workload.fails(Refused)))
    said += [repr(engine.session), repr(engine.settings), caplog.text]
    records = [world.store.inner.get(key) for _, key in world.store.calls]
    kept = b"".join(record.value for record in records if record is not None).decode()
    assert len(workload.shown()) == 5 + 2
    assert [token for token in workload.platform.issued if any(token in text for text in (*said, kept))] == []
    assert engine.session.token.access_token.reveal() in kept
