# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Servers as what they send: each answer is HTTP as it is on the wire, found by the method and the URL."""

import json
from collections.abc import Mapping

from tests.fakes.seams import BEGINNING, Clock, Person
from valetkey._cli.doctor.examination import Examination
from valetkey._cli.doctor.judgement import judge
from valetkey._network.guard import Guard
from valetkey.errors import AuthError
from valetkey.seams import Seams, any_link
from valetkey.settings.settings import Settings
from valetkey.store.backends.memory import MemoryStore
from valetkey.wire import HttpRequest, HttpResponse

MCP = "https://mcp.example.com/mcp"
ORIGIN = "https://mcp.example.com"
ISSUER = "https://auth.example.com"
RESOURCE = f"{ORIGIN}/.well-known/oauth-protected-resource/mcp"
ROOT_RESOURCE = f"{ORIGIN}/.well-known/oauth-protected-resource"
SERVER = f"{ISSUER}/.well-known/oauth-authorization-server"
OPENID = f"{ISSUER}/.well-known/openid-configuration"

PING = f"POST {MCP}"
STREAM = f"GET {MCP}"

NOT_FOUND = '404 Not Found\nContent-Type: application/json\n\n{"detail": "Not Found"}'
PAGE = "200 OK\nContent-Type: text/html\n\n<!doctype html><title>Welcome</title><p>Welcome to our portal"


def answer(status: int | str, body: object = "", **fields: str) -> str:
    """Write an answer; an object is sent as JSON, and `www_authenticate` stands for its field."""
    names = {name.replace("_", "-"): value for name, value in fields.items()}
    if not isinstance(body, str):
        names.setdefault("content-type", "application/json")
        body = json.dumps(body)
    head = "\n".join([str(status), *(f"{name}: {value}" for name, value in names.items())])
    return f"{head}\n\n{body}"


def document(**members: object) -> str:
    """Write a metadata document; None leaves a member out."""
    return answer(200, {name: value for name, value in members.items() if value is not None})


def resource(**changes: object) -> str:
    """Write the metadata of the MCP server, with changes."""
    usual = {"resource": MCP, "authorization_servers": [ISSUER], "scopes_supported": ["tools"]}
    return document(**{**usual, **changes})


def server(base: str = ISSUER, **changes: object) -> str:
    """Write the metadata of the authorization server, with changes."""
    usual: dict[str, object] = {
        "issuer": base,
        "authorization_endpoint": f"{base}/authorize",
        "token_endpoint": f"{base}/token",
        "registration_endpoint": f"{base}/register",
        "revocation_endpoint": f"{base}/revoke",
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "authorization_response_iss_parameter_supported": True,
    }
    return document(**{**usual, **changes})


REJECTION = answer(401, www_authenticate=f'Bearer resource_metadata="{RESOURCE}", scope="tools"')

GOOD: Mapping[str, str] = {
    PING: REJECTION,
    f"GET {RESOURCE}": resource(),
    f"GET {SERVER}": server(),
    f"GET {ISSUER}/authorize": answer(400, "what do you want?"),
    f"GET {ISSUER}/token": answer(405),
}
"""A server at which nothing is wrong."""


class Wire:
    """The `Send` of an examination: literal answers, and 404 for every other URL."""

    def __init__(self, answers: Mapping[str, str | AuthError]) -> None:
        self._answers = answers
        self.requests: list[HttpRequest] = []

    def __call__(self, request: HttpRequest) -> HttpResponse:
        Guard().check(request)
        self.requests.append(request)
        text = self._answers.get(f"{request.method} {request.url}", NOT_FOUND)
        if isinstance(text, AuthError):
            raise text
        head, _, body = text.partition("\n\n")
        status, *lines = head.split("\n")
        fields = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
        return HttpResponse(int(status.split()[0]), request.url, fields, body.encode())

    def log(self) -> list[str]:
        return [f"{request.method} {request.url}" for request in self.requests]


def never(url: str, **_: object) -> str:
    message = f"a person was asked to open {url}"
    raise AssertionError(message)


def seams(send: Wire, clock: Clock | None = None, **changes: object) -> Seams:
    clock = clock or Clock()
    usual = {
        "send": send,
        "login": Person(visits=never),
        "now": clock.now,
        "pause": clock.pause,
        "monotonic": clock.now,
    }
    return Seams(**{**usual, **changes})


def examination(
    answers: Mapping[str, str | AuthError],
    *,
    store: object = None,
    url: str = MCP,
    registers: bool = False,
    log_in: object = None,
    judge_link: object = any_link,
    **settings: object,
):
    """Prepare the examination of a server that answers so."""
    wire = Wire(answers)
    prepared = Examination(
        url,
        Settings(**{"url": url, **settings}),
        store or MemoryStore(),
        seams(wire, judge_link=judge_link),
        registers=registers,
        log_in=log_in,
        place="memory:",
    )
    return prepared, wire


def examined(answers: Mapping[str, str | AuthError], **options: object):
    """Examine a server that answers so, and give the report."""
    prepared, _ = examination(answers, **options)
    return judge(prepared.run(), now=BEGINNING)
