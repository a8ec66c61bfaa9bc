# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""An examination asks and leaves nothing behind, unless the user wants more."""

import json
from dataclasses import replace
from random import Random

import pytest

from tests.doctor.broken import REGISTER
from tests.doctor.rows import ROWS
from tests.doctor.wire import (
    GOOD,
    ISSUER,
    MCP,
    PAGE,
    PING,
    RESOURCE,
    SERVER,
    STREAM,
    answer,
    examination,
    examined,
    resource,
    server,
)
from tests.fakes.seams import BEGINNING, Clock
from tests.fakes.world import a_session
from valetkey._cli.doctor.facts import Exchange, Facts, Rehearsal
from valetkey._cli.doctor.findings import Mark
from valetkey._cli.doctor.judgement import judge
from valetkey._network.addresses import AddressKind
from valetkey._network.guard import Guard
from valetkey._sessions.codec import client_key, encode_client, encode_session, session_key
from valetkey.errors import IssuerMismatch, LoginFailed, Refused
from valetkey.settings import Network
from valetkey.settings.settings import Settings
from valetkey.store.backends.memory import MemoryStore
from valetkey.values import Client, ClientAuthentication, ClientOrigin, ServerMetadata
from valetkey.wire import HttpRequest, HttpResponse

SETTINGS = Settings(url=MCP)


def stored(**changes):
    """A store with one session of this server."""
    store = MemoryStore()
    issuer = changes.pop("issuer", ISSUER)
    session = a_session(
        "stored-access-token",
        refresh_token=changes.pop("refresh_token", "stored-refresh-token"),
        client=Client("c", issuer),
        server=ServerMetadata(issuer, token_endpoint=f"{issuer}/token"),
        resource=MCP,
        **changes,
    )
    store.put(session_key(SETTINGS), encode_session(session))
    return store


def codes(report):
    return {finding.kind.code for step in report.steps for finding in step.findings}


@pytest.mark.parametrize("row", [row for row in ROWS if not row.registers], ids=lambda row: row.id)
def test_nothing_is_registered_and_nothing_is_written_unless_asked_for(row):
    prepared, wire = examination({**GOOD, **row.answers}, **row.settings)
    prepared.run()
    assert prepared.store.keys() == []
    written = [request for request in wire.requests if request.method != "GET" and request.url != MCP]
    assert [request for request in written if "MCP server" not in request.purpose] == []
    assert len(wire.requests) <= 30


def test_the_stored_session_is_judged_and_its_token_goes_nowhere():
    store = stored()
    before = [(key, store.get(key)) for key in sorted(store.keys())]
    prepared, wire = examination(GOOD, store=store)
    report = judge(prepared.run())
    assert "session_good" in codes(report)
    assert [(key, store.get(key)) for key in sorted(store.keys())] == before
    assert not any("authorization" in (name.lower() for name, _ in each.headers) for each in wire.requests)
    assert not any(b"stored-" in each.body for each in wire.requests)


@pytest.mark.parametrize(
    ("changes", "settings", "code"),
    [
        ({"expires_at": BEGINNING - 10}, {}, "session_expired"),
        ({"expires_at": BEGINNING - 10, "refresh_token": None}, {}, "session_ended"),
        ({"ended": '"invalid_grant"'}, {}, "session_ended"),
        ({"issuer": "https://old.example.net"}, {}, "session_unfit"),
        ({}, {"dpop": True}, "session_unfit"),
        ({"expires_at": None}, {}, "session_good"),
    ],
)
def test_a_stored_session_that_is_of_no_use_is_told(changes, settings, code):
    assert code in codes(examined(GOOD, store=stored(**changes), **settings))


def test_a_damaged_store_is_told_and_the_examination_goes_on():
    store = MemoryStore()
    store.put(session_key(SETTINGS), b"\x00garbage")
    report = examined(GOOD, store=store)
    assert {"store_unusable", "pkce_ok"} <= codes(report)


def test_a_client_that_was_registered_before_is_used_again():
    store = MemoryStore()
    client = Client(
        "c-1",
        ISSUER,
        authentication=ClientAuthentication.NONE,
        redirect_uri="http://127.0.0.1:50001/callback",
        origin=ClientOrigin.REGISTERED,
    )
    store.put(client_key(ISSUER, SETTINGS), encode_client(client))
    assert "client_stored" in codes(examined(GOOD, store=store))


def test_a_registration_that_is_asked_for_is_kept_for_the_next_login():
    asked = json.dumps({"client_id": "c-7", "token_endpoint_auth_method": "none"})
    prepared, wire = examination({**GOOD, REGISTER: answer(201, asked)}, registers=True)
    report = judge(prepared.run())
    assert "client_registered" in codes(report)
    assert [each.url for each in wire.requests if each.method == "POST"][1:] == [f"{ISSUER}/register"]
    assert prepared.store.keys() == [client_key(ISSUER, SETTINGS)]


def test_no_client_is_registered_for_a_login_that_cannot_work():
    no_pkce = {f"GET {ISSUER}/.well-known/oauth-authorization-server": server(code_challenge_methods_supported=None)}
    prepared, wire = examination({**GOOD, **no_pkce}, registers=True)
    assert judge(prepared.run()).verdict.error == "Unsupported"
    assert [each.url for each in wire.requests if each.method == "POST"] == [MCP]


def test_a_session_at_an_open_server_that_was_begun_to_see_what_it_speaks_is_ended():
    begun = answer(200, {"jsonrpc": "2.0", "id": 2, "result": {}}, mcp_session_id="s-1")

    class Sessions(dict):
        pass

    prepared, wire = examination({PING: answer(400, "Missing session"), f"DELETE {MCP}": answer(204)})
    usual = wire.__call__

    def send(request: HttpRequest):
        if b'"initialize"' in request.body:
            wire._answers = {**wire._answers, PING: begun}
        return usual(request)

    prepared.seams = replace(prepared.seams, send=send)
    prepared.__post_init__()
    report = judge(prepared.run())
    assert report.verdict.name == "not_needed"
    ended = [each for each in wire.requests if each.method == "DELETE"]
    assert [dict(each.headers)["Mcp-Session-Id"] for each in ended] == ["s-1"]


def test_a_server_that_names_thousands_of_places_is_asked_a_bounded_number_of_times():
    many = ", ".join(f'resource_metadata="https://mcp.example.com/m/{number}"' for number in range(60))
    names = [f"https://issuer-{number}.example.net" for number in range(500)]
    prepared, wire = examination(
        {
            **GOOD,
            PING: answer(401, www_authenticate=f"Bearer {many}"),
            f"GET {RESOURCE}": resource(authorization_servers=names),
        }
    )
    report = judge(prepared.run())
    assert len(wire.requests) <= 50
    assert not report.verdict.is_good


def test_a_stream_that_wants_a_login_is_where_the_challenge_is_read():
    report = examined(
        {**GOOD, PING: answer(404), STREAM: answer(401, www_authenticate=f'Bearer resource_metadata="{RESOURCE}"')}
    )
    assert {"sse_only", "challenge_ok", "pkce_ok"} <= codes(report)


def test_a_login_page_that_no_browser_may_open_is_told():
    def refuse(url):
        raise Guard(MCP).refusal(url, AddressKind.LOOPBACK)

    report = examined(GOOD, judge_link=refuse)
    assert "page_forbidden" in codes(report)
    assert report.verdict.error == "InsecureEndpoint"


def test_what_the_user_wants_and_the_server_does_not_offer_is_a_fault():
    report = examined(GOOD, dpop=True)
    assert "dpop_not_offered" in codes(report)
    assert report.verdict.error == "Unsupported"


def test_no_login_is_blocked_without_a_step_that_says_so():
    rehearsal = Rehearsal(error=Refused("no", hint="Ask."))
    report = judge(Facts(url=MCP, wants_login=True, answer=_answered(), rehearsal=rehearsal))
    assert "login_stops" in codes(report)
    assert (report.verdict.error, report.verdict.exit_code) == ("Refused", 4)


def _answered():
    request = HttpRequest("POST", MCP, "ask the MCP server whether it wants a login")
    return Exchange(request, HttpResponse(401, MCP), None, 0.1, BEGINNING)


def test_what_a_login_survives_is_a_warning():
    report = examined({PING: answer(200, {"jsonrpc": "2.0", "id": 1, "result": {}}), f"GET {RESOURCE}": answer(500)})
    assert report.verdict.name == "not_needed"
    assert "resource_unavailable" in codes(report)
    assert Mark.FAULT not in {step.mark for step in report.steps}


def _mutated(text, random):
    """A document with a few members of any kind."""
    head, _, body = text.partition("\n\n")
    members = json.loads(body)
    for _ in range(random.randint(1, 4)):
        members[random.choice([*members, "scopes_supported", "device_authorization_endpoint"])] = random.choice(STRANGE)
    return f"{head}\n\n{json.dumps(members)}"


STRANGE = (
    *(None, True, 0, -1.5, "", "x", "/x", "//x", [], {}, [1], [["x"]], {"a": 1}, "\ud800", "\x1b[2J", "a" * 9000),
    *("http://auth.example.com", "javascript:1", "https://[::1", "https://user:pw@auth.example.com/"),
    *("https://auth.example.com:99999/", "https://auth.example.com#f", ["https://auth.example.com/x?y=1", "undefined"]),
)


@pytest.mark.parametrize("seed", range(60))
def test_no_document_is_too_strange(seed):
    random = Random(seed)
    documents = {key: text for key, text in GOOD.items() if ".well-known" in key}
    report = examined({**GOOD, **{key: _mutated(text, random) for key, text in documents.items()}})
    faults = [step.key for step in report.steps if step.mark is Mark.FAULT]
    assert bool(faults) == (report.verdict.error is not None)


# A login that is asked for.


def test_a_login_is_made_only_where_it_can_work():
    def log_in():
        message = "a login was made"
        raise AssertionError(message)

    report = examined({**GOOD, f"GET {ISSUER}/.well-known/oauth-authorization-server": answer(404)}, log_in=log_in)
    assert report.steps[-1].findings == ()


def test_the_token_of_a_login_is_shown_to_the_mcp_server():
    session = a_session(
        "fresh", refresh_token=None, expires_at=None, requested_scope=("tools", "more"), scope=("tools",)
    )
    report = examined({**GOOD}, log_in=lambda: session)
    assert {
        "login_worked",
        "token_rejected",
        "token_without_expiry",
        "token_without_refresh",
        "token_with_less_scope",
    } <= codes(report)
    assert (report.verdict.error, report.verdict.exit_code) == ("TokenRejected", 5)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (
            answer(403, www_authenticate='Bearer error="insufficient_scope", scope="admin"'),
            "token_lacks_scope",
            "ScopeMissing",
        ),
        (answer(200, {"jsonrpc": "2.0", "id": 1, "result": {}}), "token_accepted", None),
        (answer(400, "no session"), "token_accepted", None),
        (answer(403, {"message": "You are no member."}), "token_forbidden", "TokenRejected"),
        (answer(502), "token_unproven", None),
        (PAGE, "token_unproven", None),
    ],
)
def test_what_the_mcp_server_says_to_the_token_is_told(status, code, error):
    prepared, wire = examination(GOOD, log_in=lambda: a_session("fresh"))
    usual = wire.__call__

    def send(request: HttpRequest):
        if any(name == "Authorization" for name, _ in request.headers):
            wire._answers = {**GOOD, PING: status}
        return usual(request)

    prepared.seams = replace(prepared.seams, send=send)
    prepared.__post_init__()
    report = judge(prepared.run())
    assert code in codes(report)
    assert report.verdict.error == error


def test_the_scope_that_the_mcp_server_wants_of_a_new_token_is_named():
    wanted = {**GOOD, PING: answer(403, www_authenticate='Bearer error="insufficient_scope", scope="admin"')}
    report = examined(wanted, log_in=lambda: a_session("fresh"))
    assert [each.text for each in report.steps[-1].findings if each.kind.code == "token_lacks_scope"] == [
        'It answers 403 to the new token, and wants "admin".'
    ]


@pytest.mark.parametrize("received", [None, f"{ISSUER}/other"])
def test_an_answer_to_a_login_without_the_issuer_that_was_promised_is_told_to_the_owner(received):
    def log_in():
        message = "The answer does not say where it comes from."
        raise IssuerMismatch(message, hint="Log in again.", expected=ISSUER, received=received)

    report = examined(GOOD, log_in=log_in)
    assert "login_answer_unproven" in codes(report)
    assert report.verdict.error == "IssuerMismatch"


def test_a_login_that_fails_is_told_with_its_error():
    def log_in():
        message = "The person declined."
        raise LoginFailed(message, hint="Allow it.")

    report = examined(GOOD, log_in=log_in)
    assert "login_failed" in codes(report)
    assert (report.verdict.error, report.verdict.exit_code, report.verdict.todo) == ("LoginFailed", 3, "Allow it.")


def test_a_document_of_the_users_is_the_client_where_the_server_takes_documents():
    takes = {f"GET {ISSUER}/.well-known/oauth-authorization-server": server(client_id_metadata_document_supported=True)}
    report = examined({**GOOD, **takes}, client_metadata_url="https://app.example.com/client.json")
    assert "client_document" in codes(report)
    assert report.verdict.is_good


def test_endpoints_of_the_settings_need_no_document():
    given = {"authorization_endpoint": f"{ISSUER}/authorize", "token_endpoint": f"{ISSUER}/token", "client_id": "mine"}
    report = examined({PING: GOOD[PING]}, **given)
    assert {"server_ok", "client_given", "pkce_used"} <= codes(report)
    assert report.verdict.is_good


def test_a_proxy_looks_the_host_up():
    report = examined(GOOD, network=Network(proxy="http://proxy.example.com:3128"))
    assert "host_by_proxy" in codes(report)


def test_an_examination_ends_when_its_time_is_over():
    clock = Clock()
    prepared, wire = examination(GOOD)

    def slow(request):
        clock.time += 25
        return wire(request)

    prepared.seams = replace(prepared.seams, send=slow, monotonic=clock.now)
    prepared.__post_init__()
    report = judge(prepared.run())
    assert len(wire.requests) == 3
    assert report.verdict.name == "works"
    assert "endpoint_silent" not in codes(report)


def test_a_server_that_answers_late_is_told():
    clock = Clock()
    prepared, wire = examination(GOOD)

    def late(request):
        clock.time += 5
        return wire(request)

    prepared.seams = replace(prepared.seams, send=late, monotonic=clock.now)
    prepared.__post_init__()
    assert "answers_slowly" in codes(judge(prepared.run()))


def test_an_open_server_needs_no_login():
    report = examined({PING: answer(200, {"jsonrpc": "2.0", "id": 1, "result": {}})})
    assert (report.verdict.name, report.verdict.exit_code) == ("not_needed", 0)


def test_an_open_server_that_offers_a_login_says_so():
    report = examined({**GOOD, PING: answer(200, {"jsonrpc": "2.0", "id": 1, "result": {}})})
    assert {"login_offered", "pkce_ok"} <= codes(report)
    assert report.verdict.name == "works"


def test_a_machine_is_examined_without_its_secret():
    prepared, wire = examination(
        {
            **GOOD,
            f"GET {ISSUER}/.well-known/oauth-authorization-server": server(
                grant_types_supported=["client_credentials"]
            ),
        },
        client_id="machine",
        client_secret="s3cret-of-a-machine",
        issuer=ISSUER,
    )
    report = judge(prepared.run())
    assert report.verdict.is_good
    assert not any(b"s3cret" in each.body or "s3cret" in repr(each.headers) for each in wire.requests)


@pytest.mark.parametrize("named", [SERVER, f"{ISSUER}/authorize", f"{ISSUER}/tenant"])
def test_the_advice_to_name_the_issuer_of_the_document_gets_a_login_on(named):
    answers = {**GOOD, f"GET {RESOURCE}": resource(authorization_servers=[named])}
    assert f'"{ISSUER}"' in examined(answers).verdict.todo
    assert examined(answers, issuer=ISSUER).verdict.is_good


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"code_challenge_methods_supported": "S256"}, "pkce_unannounced", "has a form that cannot be used"),
        ({"code_challenge_methods_supported": []}, "pkce_unannounced", "is empty"),
        ({"code_challenge_methods_supported": None}, "pkce_unannounced", "is missing"),
        ({"token_endpoint_auth_methods_supported": []}, "method_unlisted", "is empty"),
        ({"revocation_endpoint": "http://auth.example.com/revoke"}, "revocation_absent", "cannot be used"),
    ],
)
def test_what_is_there_and_cannot_be_used_is_not_called_missing(changes, code, text):
    report = examined({**GOOD, f"GET {SERVER}": server(**changes)})
    assert [text in each.text for step in report.steps for each in step.findings if each.kind.code == code] == [True]


def test_a_registration_endpoint_that_cannot_be_used_is_one_fault_and_not_two():
    report = examined({**GOOD, f"GET {SERVER}": server(registration_endpoint="/register")})
    assert report.has("endpoint_insecure")
    assert not report.has("client_by_hand")


@pytest.mark.parametrize(
    ("document", "text"),
    [
        (answer(200, "[]", content_type="application/json"), "no JSON object"),
        (answer(200, "", content_type="application/json"), "without a body"),
        (answer(200, {}), "without the members"),
        (answer(401), "answers 401"),
        (PAGE, "a web page"),
        (server(), "metadata of an authorization server"),
    ],
)
def test_what_came_in_the_place_of_metadata_is_told(document, text):
    report = examined({**GOOD, f"GET {RESOURCE}": document})
    found = [each for step in report.steps for each in step.findings if each.kind.code == "resource_unreadable"]
    assert text in found[0].text


def test_the_metadata_of_an_mcp_server_in_the_place_of_the_other_is_told():
    report = examined({**GOOD, f"GET {SERVER}": resource()})
    found = [each for step in report.steps for each in step.findings if each.kind.code == "server_absent"]
    assert "the metadata of an MCP server" in found[0].text
