# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""An organisation's identity provider behind `Send`: it vouches for its employee (RFC 8693, ID-JAG §4.3)."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from tests.fakes.assertions import Voucher, claimed_by, verified
from tests.fakes.seams import BEGINNING
from valetkey._network.guard import Guard
from valetkey.wire import HttpRequest, HttpResponse

IDP = "https://idp.example.com"
IDP_METADATA = "https://idp.example.com/.well-known/oauth-authorization-server"
IDP_TOKEN = "https://idp.example.com/oauth2/token"
CLIENT_THERE = "client-at-the-idp"
SECRET_THERE = "s3cret-at-the-idp"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_JAG = "urn:ietf:params:oauth:token-type:id-jag"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"


@dataclass(kw_only=True)
class IdentityProviderServer:
    """The fields are the switches; what has happened is in `requests`."""

    issuer: str = IDP
    now: Callable[[], float] = lambda: BEGINNING
    # Who it lets in.
    secret: str | None = SECRET_THERE
    key: Any = None  # the public one, of a client that signs
    wants_audience: str | None = None  # in what a client signs, instead of its issuer
    lists_authentication: tuple[str, ...] | None = None
    describes_itself: bool = True
    # What it says of the employee, and to whom.
    client_id_there: str = "client-at-the-as"
    assertion_life: int | None = 300
    allows_scope: str | None = None
    tells_scope: bool = True
    answers_with: dict[str, object] = field(default_factory=dict)
    refuses_with: dict[str, object] | None = None
    # What has happened.
    requests: list[HttpRequest] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    troubles: list[HttpResponse] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.voucher = Voucher(self.issuer)
        self.secrets.extend([self.secret] if self.secret else [])

    def id_token(self, *, life: float = 3600, **claims: Any) -> str:
        """Log the employee in and give the ID token."""
        now = int(self.now())
        members = {"sub": "u-1", "aud": CLIENT_THERE, "iat": now, "exp": int(now + life), **claims}
        self.secrets.append(self.voucher.says(**members))
        return self.secrets[-1]

    def exchanges(self) -> list[dict[str, str]]:
        """The parameters of every exchange so far."""
        return [_form(request) for request in self.requests if request.url == IDP_TOKEN]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        Guard().check(request)  # as the real sender does
        self.requests.append(request)
        return self._answer(request)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        if self.troubles:
            return self.troubles.pop(0)
        if request.url == IDP_METADATA and self.describes_itself:
            members: dict[str, object] = {"issuer": self.issuer, "token_endpoint": IDP_TOKEN}
            if self.lists_authentication is not None:
                members["token_endpoint_auth_methods_supported"] = self.lists_authentication
            return _json(request, 200, members)
        return self._exchange(request) if request.url == IDP_TOKEN else _json(request, 404, {"detail": "Not Found"})

    def _exchange(self, request: HttpRequest) -> HttpResponse:
        form = _form(request)
        if not self._knows(request, form):
            return _json(request, 401, {"error": "invalid_client"})
        if self.refuses_with is not None:
            return _json(request, 400, self.refuses_with)
        wanted = (form["grant_type"], form["requested_token_type"], form["subject_token_type"])
        assert wanted == (TOKEN_EXCHANGE, ID_JAG, ID_TOKEN)
        key, now = self.voucher.public_key, self.now()
        person = verified(form["subject_token"], key, issuer=self.issuer, audience=[CLIENT_THERE], now=now)
        if person is None:
            return _json(request, 400, {"error": "invalid_grant", "error_description": form["subject_token"]})
        scope = self.allows_scope or form.get("scope")
        assertion = self.voucher.says(
            typ="oauth-id-jag+jwt",
            sub=person["sub"],
            aud=form["audience"],
            resource=form["resource"],
            client_id=self.client_id_there,
            scope=scope,
            iat=int(now),
            exp=int(now + (self.assertion_life or 300)),
        )
        self.secrets.append(assertion)
        members = {
            "issued_token_type": ID_JAG,
            "access_token": assertion,
            "token_type": "N_A",
            "expires_in": self.assertion_life,
            "scope": scope if self.tells_scope else None,
            **self.answers_with,
        }
        return _json(request, 200, {name: value for name, value in members.items() if value is not None})

    def _knows(self, request: HttpRequest, form: dict[str, str]) -> bool:
        header = dict(request.headers).get("Authorization")
        if "client_assertion" in form:
            assertion = form["client_assertion"]
            self.secrets.append(assertion)
            audience, now = [self.wants_audience or self.issuer], self.now()
            claims = verified(assertion, self.key, issuer=CLIENT_THERE, audience=audience, now=now)
            return header is None and claims is not None and claimed_by(assertion) == claims["sub"]
        if header is None:
            return (form["client_id"], form.get("client_secret")) == (CLIENT_THERE, self.secret)
        pair = base64.b64decode(header.removeprefix("Basic ")).decode().split(":")
        return [unquote_plus(each) for each in pair] == [CLIENT_THERE, self.secret] and "client_id" not in form


def _form(request: HttpRequest) -> dict[str, str]:
    pairs = parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs), "a parameter is repeated"
    return dict(pairs)


def _json(request: HttpRequest, status: int, document: dict[str, object]) -> HttpResponse:
    return HttpResponse(status, request.url, (("Content-Type", "application/json"),), json.dumps(document).encode())
