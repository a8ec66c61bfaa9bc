# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A person logs in on another device: what they are shown, how often the server is asked, and how it ends."""

import logging

import pytest

from tests.fakes.authorization_server import (
    DEVICE_AUTHORIZATION,
    DEVICE_GRANT,
    ISSUER,
    MCP,
    REGISTER,
    RESOURCE_METADATA,
    SERVER_METADATA,
    TOKEN,
    VERIFICATION,
)
from tests.fakes.device import Device
from tests.fakes.dpop import ProofChecks
from tests.fakes.hostile import everything_said_by
from tests.fakes.network import HTML, Gate, Internet, challenges, no_answer, unreachable
from tests.fakes.seams import BEGINNING
from tests.fakes.threads import LONGEST_WAIT, in_background
from tests.network.names import NameServer
from tests.requirements import requirement
from valetkey._network.guard import Guard
from valetkey._network.sender import HttpSender
from valetkey.errors import (
    AuthError,
    ClientRefused,
    ConfigurationError,
    InsecureEndpoint,
    IssuerMismatch,
    LoginFailed,
    LoginRequired,
    MalformedDocument,
    Refused,
    StoreError,
    TemporaryError,
    Unsupported,
)
from valetkey.login import LoginPrompt
from valetkey.login.never import NeverLogin
from valetkey.values import Client, ClientOrigin, Secret, TokenType
from valetkey.wire import HttpResponse

PENDING, SLOW_DOWN = "authorization_pending", "slow_down"
SLOW_DOWN_429 = (429, "application/json", '{"error": "slow_down"}')
COMPLETE = f"{VERIFICATION}?user_code=WDJB-MJHT"
DOCUMENT = "https://app.example.org/client.json"


# A login.


@requirement("DEV-2", "DEV-3", "DEV-7")
def test_the_person_is_shown_page_and_code_and_the_session_is_complete():
    device = Device(PENDING, publishes_scopes=("read", "write"))
    token = device.log_in()
    shown = LoginPrompt(MCP, ISSUER, VERIFICATION, user_code="WDJB-MJHT", ends_at=BEGINNING + 300)
    assert device.world.person.asked == [shown]
    assert device.world.person.told == [None]
    session = device.world.kept(grant="device_code")
    assert session.token == token
    assert device.server.accepts(token.access_token.reveal())
    assert (session.issuer, session.server.token_endpoint, session.resource) == (ISSUER, TOKEN, MCP)
    assert (session.requested_scope, session.token.scope) == (("read", "write"), ("read", "write"))
    assert (session.interactive, session.client.redirect_uri) == (True, None)


@requirement("DEV-2", "DEV-7", "RES-1", "RES-8", "SCP-11")
def test_both_endpoints_are_told_client_and_resource_and_the_scope_once():
    device = Device(publishes_scopes=("read",))
    device.log_in()
    (client_id,) = device.server.clients
    assert device.server.device_forms() == [{"resource": MCP, "scope": "read", "client_id": client_id}]
    (form,) = device.server.token_forms()
    assert form == {
        "grant_type": DEVICE_GRANT,
        "device_code": form["device_code"],
        "resource": MCP,
        "client_id": client_id,
    }


@requirement("DEV-3")
def test_the_link_that_brings_the_code_along_comes_with_the_code():
    device = Device(says_of_device_login={"verification_uri_complete": COMPLETE})
    device.log_in()
    (prompt,) = device.world.person.asked
    assert (prompt.user_code, prompt.link_with_code) == ("WDJB-MJHT", COMPLETE)


def test_nothing_listens_for_an_answer():
    device = Device()
    device.log_in()
    assert device.world.person.wanted_addresses == []


@requirement("DEV-7")
def test_the_session_is_renewed_like_any_other():
    device = Device()
    engine = device.engine()
    engine.replace(None)
    device.world.clock.time += 86_400
    device.world.forget_what_happened()
    engine.replace(None)
    assert device.server.grant_types() == ["refresh_token"]
    assert device.world.person.asked == []


@requirement("DEV-7")
def test_more_scope_is_asked_for_on_the_other_device_too():
    device = Device(publishes_scopes=("read",))
    engine = device.engine()
    token = engine.replace(engine.replace(None), challenges('Bearer error="insufficient_scope", scope="write"'))
    assert token.scope == ("read", "write")
    assert [form["scope"] for form in device.server.device_forms()] == ["read", "read write"]


@requirement("DEV-7")
def test_a_token_can_be_bound_to_a_key_and_every_poll_proves_it_anew():
    device = Device(PENDING, says_further={"dpop_signing_alg_values_supported": ["ES256"]})
    device.server.proofs = ProofChecks(algorithms=("ES256",), nonce="n-1", now=device.world.clock.now)
    token = device.log_in(dpop=True)
    assert token.token_type is TokenType.DPOP
    assert device.world.kept(grant="device_code", dpop=True).dpop_key is not None
    proofs = [dict(request.headers)["DPoP"] for request in device.server.requests if request.url == TOKEN]
    assert len(set(proofs)) == len(proofs)
    assert device.polls == [5, 5, 10]  # at first the server only wanted its nonce in the proof


def test_the_next_login_starts_at_once_after_one_that_failed():
    device = Device("expired_token")
    device.fails(LoginFailed)
    assert device.log_in().access_token.reveal()
    assert len(device.server.device_forms()) == 2


# How often the server is asked.


@requirement("DEV-4")
@pytest.mark.parametrize(
    ("interval", "answers", "polls"),
    [
        ({}, [PENDING, PENDING], [5, 10, 15]),
        ({"interval": 2}, [PENDING, PENDING], [2, 4, 6]),
        ({"interval": 0.1}, [PENDING], [1, 2]),
        ({"interval": 2}, [SLOW_DOWN, PENDING, PENDING], [2, 9, 16, 23]),
        ({}, [PENDING, SLOW_DOWN, SLOW_DOWN, PENDING], [5, 10, 20, 35, 50]),
    ],
)
def test_the_server_is_asked_no_faster_than_it_says(interval, answers, polls):
    device = Device(*answers, says_of_device_login=interval)
    device.log_in()
    assert device.polls == polls


@requirement("DEV-4")
def test_a_slow_down_with_status_429_counts_for_all_later_polls():
    device = Device(PENDING, PENDING)
    device.server.has(TOKEN, SLOW_DOWN_429)
    device.log_in()
    assert device.polls == [5, 15, 25, 35]


@requirement("DEV-5")
@pytest.mark.parametrize("trouble", [unreachable(), no_answer(), 500, 503, 429], ids=str)
def test_after_a_failed_connection_it_is_asked_half_as_often_until_it_answers(trouble):
    device = Device(PENDING, PENDING)
    device.server.has(TOKEN, *[trouble] * 3)
    device.log_in()
    assert device.polls == [5, 5 + 10, 15 + 20, 35 + 40, 75 + 5, 80 + 5]


@requirement("DEV-5")
def test_without_a_connection_for_long_it_is_asked_once_a_minute():
    device = Device()
    device.server.has(TOKEN, *[unreachable()] * 6)
    device.log_in(login_timeout=1000)
    assert device.polls == [5, 15, 35, 75, 135, 195, 255]


@requirement("DEV-4", "DEV-5")
def test_a_pace_slower_than_that_is_kept():
    device = Device(says_of_device_login={"interval": 90})
    device.server.has(TOKEN, *[unreachable()] * 2)
    device.log_in(login_timeout=1000)
    assert device.polls == [90, 180, 270]


@requirement("DEV-5")
def test_a_server_that_says_when_to_come_again_is_asked_then():
    device = Device(PENDING)
    device.server.has(TOKEN, HttpResponse(503, TOKEN, (("Retry-After", "30"),)))
    device.log_in()
    assert device.polls == [5, 35, 40]


# How it ends.


@requirement("DEV-6", "DEV-7")
@pytest.mark.parametrize("code", ["access_denied", "expired_token"])
def test_a_no_of_the_person_or_the_clock_is_a_failed_login(code):
    device = Device(PENDING, code)
    error = device.fails(LoginFailed)
    assert error.error == code
    assert device.polls == [5, 10]
    assert device.world.person.told == [error]


@requirement("DEV-6")
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((400, "application/json", '{"error": "invalid_grant"}'), Refused),
        ((400, "application/json", '{"error": "unsupported_grant_type"}'), Refused),
        ((401, "application/json", '{"error": "invalid_client"}'), ClientRefused),
        ((400, "application/json", '{"error": "something_new"}'), Refused),
        ((403, "text/html", "<html>Blocked</html>"), Refused),
        (HTML, MalformedDocument),
        ((200, "application/json", "{}"), MalformedDocument),
        ((200, "application/json", '{"access_token": "a", "token_type": "mac"}'), Unsupported),
    ],
    ids=str,
)
def test_any_other_answer_ends_the_login_at_once(answer, kind):
    device = Device(PENDING)
    device.server.has(TOKEN, answer)
    error = device.fails(kind)
    assert device.polls == [5]
    assert device.world.person.told == [error]


@requirement("DEV-6")
def test_when_the_code_is_over_nobody_asks_any_more():
    device = Device(*[PENDING] * 9, says_of_device_login={"expires_in": 12})
    error = device.fails(LoginFailed, "The code for the login at https://auth.example.com has expired")
    assert error.error == "expired_token"
    assert device.polls == [5, 10]
    assert device.world.clock.time == BEGINNING + 12


@requirement("DEV-6")
@pytest.mark.parametrize("life", [1800, None, 20])
def test_a_person_who_takes_too_long_is_not_waited_for(life):
    device = Device(*[PENDING] * 9, says_of_device_login={"expires_in": life})
    error = device.fails(LoginFailed, login_timeout=20)
    assert str(error) == (
        f"{MCP}: The login at https://auth.example.com was not completed within 20 seconds. "
        "Start again, and enter the new code in time."
    )
    assert device.polls == [5, 10, 15, 20]
    assert device.world.clock.time == BEGINNING + 20


def test_a_pace_that_is_longer_than_the_login_asks_never():
    device = Device(says_of_device_login={"interval": 10**12})
    device.fails(LoginFailed, "within 300 seconds")
    assert device.polls == []


def test_when_nobody_waits_any_more_it_ends_soon_and_asks_nobody():
    device = Device(*[PENDING] * 9)
    engine = device.engine()
    device.while_waiting = [lambda: None, lambda: None, engine._flight.cancel]
    with pytest.raises(LoginFailed, match="The login was cancelled"):
        engine.replace(None)
    assert device.polls == []
    assert device.world.clock.time < BEGINNING + 1


def test_a_session_that_cannot_be_saved_is_no_login():
    device = Device()
    engine = device.engine()

    def break_the_store():
        device.world.store.fails_writes = 10**6

    device.while_waiting = [break_the_store]
    with pytest.raises(StoreError) as caught:
        engine.replace(None)
    assert device.world.person.told == [caught.value]


# What somebody sees meanwhile.


@requirement("DEV-3")
@pytest.mark.parametrize(("members", "link"), [({}, VERIFICATION), ({"verification_uri_complete": COMPLETE}, COMPLETE)])
def test_who_gives_up_waiting_learns_page_and_code(members, link):
    device = Device(says_of_device_login=members)
    gate = Gate()
    engine = device.engine()
    device.while_waiting = [gate.pass_through]
    waiting = in_background(lambda: engine.replace(None))
    assert gate.reached.wait(LONGEST_WAIT)
    assert engine.prompt == device.world.person.asked[0]
    with pytest.raises(LoginRequired) as caught:
        engine.replace(None, seconds=0)
    assert caught.value.authorization_url == link
    assert str(caught.value) == (
        "https://mcp.example.com/mcp waits for you to log in at https://auth.example.com. "
        'Enter the code "WDJB-MJHT" there, then try again.'
    )
    gate.opened.set()
    waiting.result(LONGEST_WAIT)
    assert engine.prompt is None


@requirement("SEC-12", "USE-7")
def test_the_device_code_shows_nowhere(caplog):
    caplog.set_level(logging.DEBUG)
    device = Device(PENDING, says_of_device_login={"verification_uri_complete": COMPLETE})
    said = []
    troubles = [
        (400, "application/json", '{"error": "invalid_request", "error_description": "no"}'),
        HTML,
        (401, "application/json", '{"error": "invalid_client"}'),
    ]
    for trouble in troubles:
        device.server.has(TOKEN, trouble)
        with pytest.raises(AuthError) as caught:
            device.log_in()
        said.append(everything_said_by(caught.value))
    device.world.clock.time += 60
    device.log_in()
    said += [repr(request) for request in device.server.requests]
    said += [repr(device.world.kept(grant="device_code")), caplog.text]
    assert len({form["device_code"] for form in device.server.token_forms()}) == 4
    assert [secret for secret in device.server.secrets if any(secret in text for text in said)] == []
    assert f"device {VERIFICATION}: answered" in caplog.text
    assert f"device {VERIFICATION}: no answer" in caplog.text


# Where it is offered, and to whom.


@requirement("DEV-1")
@pytest.mark.parametrize(
    "further", [{"device_authorization_endpoint": None}, {"grant_types_supported": ["authorization_code"]}], ids=str
)
def test_where_it_is_not_offered_nobody_is_registered_or_asked(further):
    device = Device(says_further=further)
    device.fails(Unsupported, "The authorization server https://auth.example.com")
    assert device.asked() == []
    assert device.world.person.asked == []


@requirement("DEV-1")
def test_a_server_that_lists_the_grant_offers_it():
    Device(says_further={"grant_types_supported": [DEVICE_GRANT]}).log_in()


@requirement("DEV-1")
def test_an_endpoint_that_the_metadata_leave_out_may_be_given():
    """django-oauth-toolkit has one and does not name it."""
    device = Device(says_further={"device_authorization_endpoint": None})
    device.world.engine(grant="device_code", device_authorization_endpoint=DEVICE_AUTHORIZATION).replace(None)
    assert f"POST {DEVICE_AUTHORIZATION}" in device.server.log()


def test_where_nobody_may_be_asked_nothing_begins():
    device = Device()
    engine = device.world.engine(grant="device_code", seams=device.world.seams(login=NeverLogin()))
    with pytest.raises(LoginRequired, match='login="never" asks none'):
        engine.replace(None)
    assert device.asked() == []


def test_a_way_of_asking_that_cannot_show_a_code_is_an_error_before_anything_happens():
    class OnlyInBrowsers:
        def open(self, redirect_uri, *, fixed):
            raise AssertionError

    device = Device()
    with pytest.raises(ConfigurationError) as caught:
        device.world.engine(grant="device_code", seams=device.world.seams(login=OnlyInBrowsers()))
    assert str(caught.value) == (
        "The grant device_code needs a login that can show a code; OnlyInBrowsers cannot. "
        'Give it a method open_device() (see valetkey.login.DeviceLogin), or use login="auto" or "device".'
    )
    device.world.engine(seams=device.world.seams(login=OnlyInBrowsers()))  # another grant does not mind


@requirement("DEV-3", "AUT-12")
def test_a_page_nobody_may_be_sent_to_is_not_shown():
    device = Device(says_of_device_login={"verification_uri": "http://auth.example.com/device"})
    device.fails(InsecureEndpoint)
    assert device.world.person.asked == []
    assert device.polls == []


def test_a_server_that_cannot_begin_a_login_now_is_a_temporary_matter():
    device = Device()
    device.server.has(DEVICE_AUTHORIZATION, 503)
    device.fails(TemporaryError, "The device authorization endpoint")
    assert device.world.person.asked == []


# Who we are there.


@requirement("DEV-7", "DCR-4")
def test_the_registration_says_what_a_client_on_another_device_is():
    device = Device(publishes_scopes=("read",))
    device.log_in()
    assert device.server.registrations() == [
        {
            "client_name": "Valetkey",
            "application_type": "native",
            "grant_types": [DEVICE_GRANT, "refresh_token"],
            "response_types": [],
            "token_endpoint_auth_method": "none",
            "scope": "read",
        }
    ]


@requirement("DEV-7", "DCR-12")
def test_it_is_registered_once_and_not_mixed_up_with_the_client_of_the_browser():
    device = Device()
    for _ in range(2):
        device.log_in(label="one")
        device.log_in(label="another")
        device.world.engine(label="browser").replace(None)
        device.world.store.inner._records = {
            key: record for key, record in device.world.store.inner._records.items() if key.startswith("client:")
        }
    assert [document["grant_types"][0] for document in device.server.registrations()] == [
        DEVICE_GRANT,
        "authorization_code",
    ]
    ids = {form["client_id"] for form in device.server.device_forms()}
    assert len(ids) == 1
    assert len({form["client_id"] for form in device.server.token_forms()} - ids) == 1


@requirement("DEV-7", "REG-3")
def test_a_client_registered_by_hand_proves_itself_at_its_issuer():
    device = Device()
    device.server.knows("mine", secret="s3cret")
    device.log_in(client_id="mine", client_secret=Secret("s3cret"), issuer=ISSUER)
    assert device.asked() == [f"POST {DEVICE_AUTHORIZATION}", f"POST {TOKEN}"]
    for request in device.server.requests[-2:]:
        assert dict(request.headers)["Authorization"].startswith("Basic ")


@requirement("DEV-7", "REG-3")
def test_a_client_registered_by_hand_stays_with_its_first_issuer():
    device = Device()
    device.server.knows("mine")
    device.log_in(client_id="mine")
    moved = Device(issuer="https://elsewhere.example.com")
    moved.world.store, moved.world.send = device.world.store, Internet(moved.server, device.server)
    moved.fails(IssuerMismatch, client_id="mine", label="another")
    assert moved.asked() == []


@requirement("DEV-7", "REG-8")
def test_a_document_introduces_the_client_where_the_server_takes_one():
    device = Device(says_further={"client_id_metadata_document_supported": True})
    device.server.knows(DOCUMENT)
    device.log_in(client_metadata_url=DOCUMENT)
    assert device.server.registrations() == []
    assert [form["client_id"] for form in device.server.device_forms()] == [DOCUMENT]


@requirement("DEV-7")
def test_a_document_the_server_does_not_take_after_all_gives_way_to_a_registration():
    device = Device(says_further={"client_id_metadata_document_supported": True})
    device.log_in(client_metadata_url=DOCUMENT)
    (client_id,) = device.server.clients
    assert [form["client_id"] for form in device.server.device_forms()] == [DOCUMENT, client_id]


@requirement("DEV-7", "DCR-12")
def test_a_client_the_server_has_forgotten_is_registered_anew_once():
    device = Device()
    forgotten = Client("forgotten", ISSUER, origin=ClientOrigin.REGISTERED)
    device.world.keep_client(forgotten, grant="device_code")
    device.log_in()
    (client_id,) = device.server.clients
    assert [form["client_id"] for form in device.server.device_forms()] == ["forgotten", client_id]


def test_a_client_the_server_forgets_while_it_is_asked_is_registered_anew_the_next_time():
    device = Device()
    device.server.has(TOKEN, (401, "application/json", '{"error": "invalid_client"}'))
    device.fails(ClientRefused)
    device.log_in()
    assert len(device.server.registrations()) == 2


@pytest.mark.parametrize(("listed", "times"), [(("none",), 1), (("none", "client_secret_post"), 2)])
def test_a_client_that_was_registered_just_now_and_is_refused_is_registered_once_more_for_another_method(listed, times):
    """Rows A7, C1."""
    device = Device(refuses_device_login_with=[("unauthorized_client", "not for devices")] * times)
    device.server.lists_authentication = listed
    device.server.issues_secrets = True
    error = device.fails(ClientRefused, "not for devices")
    assert "Check client_id" not in str(error)
    assert [each["token_endpoint_auth_method"] for each in device.server.registrations()] == list(listed)
    assert len(device.server.device_forms()) == times


@requirement("RES-9")
def test_a_server_that_knows_no_resource_is_asked_once_without():
    device = Device(refuses_device_login_with=[("invalid_request", "The resource parameter is not supported")])
    device.log_in()
    assert [form.get("resource") for form in device.server.device_forms()] == [MCP, None]
    assert "resource" not in device.server.token_forms()[0]
    assert device.world.kept(grant="device_code").resource is None


def test_a_server_that_refuses_the_offline_access_it_lists_is_asked_once_without():
    device = Device(
        publishes_scopes=("read",),
        lists_scopes=("read", "offline_access"),
        refuses_device_login_with=[("invalid_scope", "no offline access")],
    )
    device.log_in()
    assert [form["scope"] for form in device.server.device_forms()] == ["read offline_access", "read"]
    assert device.world.kept(grant="device_code").requested_scope == ("read",)


def test_a_server_is_never_asked_a_third_time():
    refusals = [("invalid_request", "The resource parameter is not supported"), ("invalid_scope", "no offline access")]
    device = Device(publishes_scopes=("read",), lists_scopes=("offline_access",), refuses_device_login_with=refusals)
    device.fails(Refused, "no offline access")
    assert len(device.server.device_forms()) == 2


@pytest.mark.parametrize("error", ["invalid_scope", "invalid_target", "server_says_no"])
def test_a_refusal_that_says_nothing_to_correct_is_final(error):
    device = Device(refuses_device_login_with=[(error, "no")])
    device.fails(Refused, f'"{error}" "no"')
    assert len(device.server.device_forms()) == 1
    assert device.world.person.asked == []


@pytest.mark.parametrize(
    ("error", "description"), [("invalid_redirect_uri", "none"), ("invalid_client_metadata", "redirect_uris: required")]
)
def test_a_server_that_wants_a_redirect_address_of_everybody_gets_one_that_is_never_used(error, description):
    device = Device()
    refusal = f'{{"error": "{error}", "error_description": "{description}"}}'
    device.server.has(REGISTER, (400, "application/json", refusal))
    device.log_in()
    first, second = device.server.registrations()
    assert "redirect_uris" not in first
    assert second == {**first, "redirect_uris": ["http://127.0.0.1/callback"]}
    device.world.engine(grant="device_code", label="another").replace(None)
    assert len(device.server.registrations()) == 2


def test_a_server_that_gives_a_client_one_grant_only_registers_it_without_refreshing():
    device = Device()
    refusal = '{"error": "invalid_client_metadata", "error_description": "grant_types: one of them only"}'
    device.server.has(REGISTER, (400, "application/json", refusal))
    device.log_in()
    assert [document["grant_types"] for document in device.server.registrations()] == [
        [DEVICE_GRANT, "refresh_token"],
        [DEVICE_GRANT],
    ]


def test_where_nobody_is_registered_the_hint_asks_for_a_client_of_this_kind():
    device = Device(registers_clients=False)
    error = device.fails(Unsupported, "does not let programs register themselves")
    assert error.hint == "Register a client for the device grant there by hand, then give its client_id."


@requirement("DEV-7")
def test_all_that_is_asked_is_asked_in_this_order():
    device = Device()
    device.log_in()
    assert device.server.log() == [
        f"GET {RESOURCE_METADATA}",
        f"GET {SERVER_METADATA}",
        f"POST {REGISTER}",
        f"POST {DEVICE_AUTHORIZATION}",
        f"POST {TOKEN}",
    ]


def test_many_callers_make_one_login():
    device = Device()
    gate = Gate()
    engine = device.engine()
    device.while_waiting = [gate.pass_through]
    calls = [in_background(lambda: engine.replace(None)) for _ in range(5)]
    assert gate.reached.wait(LONGEST_WAIT)
    gate.opened.set()
    assert len({call.result(LONGEST_WAIT) for call in calls}) == 1
    assert len(device.world.person.asked) == 1


# What a browser may open.


@requirement("AUT-12", "SEC-4")
@pytest.mark.parametrize("member", ["verification_uri", "verification_uri_complete"])
@pytest.mark.parametrize(
    "page",
    [
        "http://127.0.0.1:8080/admin/reboot",
        "https://192.168.1.1/",
        "https://localhost./",
        "https://0x7f.1/",
        "https://[::ffff:192.168.1.1]/",
        "https://router.example/",
    ],
)
def test_a_page_in_the_persons_own_network_is_not_shown(member, page):
    """Row I8."""
    device = Device(says_of_device_login={member: page})
    names = NameServer(mcp_example_com=["8.8.8.8"], auth_example_com=["8.8.8.8"], router_example=["192.168.1.1"])
    judge = HttpSender(Guard(MCP, resolve=names)).judge_link
    engine = device.world.engine(seams=device.world.seams(judge_link=judge), grant="device_code")
    with pytest.raises(InsecureEndpoint) as caught:
        engine.replace(None)
    assert caught.value.url == page
    assert (device.world.person.asked, device.server.token_forms()) == ([], [])
