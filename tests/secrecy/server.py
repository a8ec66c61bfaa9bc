# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""An MCP server and its authorization server on 127.0.0.1 that issue canaries, with what they do wrong."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

from tests.adapters.server import Answer, Seen
from tests.adapters.tool_server import ToolServer
from tests.fakes.authorization_server import AuthorizationServer, Granted
from tests.fakes.echoes import secrets_in
from tests.fakes.seams import Person
from tests.secrecy.canaries import Canaries
from tests.secrecy.watch import CALLBACK, LINK, URLS, Watch
from valetkey.wire import HttpRequest, HttpResponse

_KINDS = {"access": "access token", "refresh": "refresh token", "code": "code", "device": "device code"}


class MintingServer(AuthorizationServer):
    """The authorization server, whose codes and tokens are canaries; with each token comes an ID token."""

    canaries: Canaries

    def _mint(self, kind: str, *, secret: bool = True) -> str:
        return self.canaries.make(_KINDS[kind]) if secret else super()._mint(kind, secret=False)

    def _issue(self, request: HttpRequest, granted: Granted, *, may_rotate: bool) -> HttpResponse:
        response = super()._issue(request, granted, may_rotate=may_rotate)
        members = {**json.loads(response.body), "id_token": self.canaries.make("ID token")}
        return replace(response, body=json.dumps(members).encode())


class CanaryServer(ToolServer):
    """
    The MCP server. What its callers send is noted: URLs, and which secrets a request shows.

    :param watch: What sees the URLs.
    :param switches: Switches of the authorization server.
    """

    def __init__(self, watch: Watch, **switches: object) -> None:
        super().__init__()
        self._watch = watch
        self.canaries = watch.canaries
        self.authorization = MintingServer(
            mcp_url=self.url,
            issuer=self.origin,
            describes_the_resource_at=(self.metadata_url,),
            registers_with=self._registration(),
            now=time.time,
            revokes_tokens=True,
            **switches,
        )
        self.authorization.canaries = self.canaries
        self.person = Person(visits=self._visit)
        self.wanted_scope: str | None = None
        """The scope that calls want."""
        self.faults: dict[str, Callable[[HttpRequest], Answer]] = {}
        """What a path answers instead, for requests that hold a secret or not."""

    def _registration(self) -> dict[str, object]:
        return {
            "client_secret": self.canaries.make("registered secret"),
            "token_endpoint_auth_method": "client_secret_post",
            "registration_access_token": self.canaries.make("registration access token"),
            "registration_client_uri": f"{self.origin}/register/it",
        }

    def answer(self, seen: Seen) -> Answer | None:
        """Answer a request, unless it is one to the authorization server."""
        self._watch.look_around()
        target = seen.line.split()[1]
        if seen.path == "/authorize":
            self._watch.see(LINK, target)
            return Answer(302, (("Location", self._visit(f"{self.origin}{target}")),), b"")
        self._watch.see(URLS, target)
        self._note(seen)
        if seen.path in self.faults:
            return self.faults[seen.path](HttpRequest("POST", f"{self.origin}{target}", "x", seen.fields, seen.body))
        authorization = seen.field("authorization") or ""
        if authorization.startswith("DPoP "):  # the bridge knows Bearer
            seen = replace(seen, fields=(("Authorization", "Bearer " + authorization[5:]), *seen.fields))
        if self.wanted_scope and seen.path == "/mcp" and self.authorization.accepts(seen.token or ""):
            scope, self.wanted_scope = self.wanted_scope, None
            return Answer(403, (("WWW-Authenticate", f'Bearer error="insufficient_scope", scope="{scope}"'),), b"")
        return super().answer(seen)

    def _visit(self, link: str, **options: bool) -> str:
        """Log the person in, and note what the link and the answer hold."""
        self._watch.see(LINK, link)
        callback = self.authorization.visit(link, **options)
        self.canaries.note("state", dict(parse_qsl(urlsplit(callback).query))["state"])
        self._watch.see(CALLBACK, callback)
        return callback

    def _note(self, seen: Seen) -> None:
        """Note the secrets that the part under test has made: what it alone knew before it sent it."""
        form = dict(parse_qsl(seen.body.decode("latin-1")))
        made = {"code_verifier": "verifier", "client_assertion": "client assertion"}
        for parameter, name in made.items():
            if parameter in form:
                self.canaries.note(name, form[parameter])
        proof = seen.field("dpop")
        if proof:
            self.canaries.note("proof", proof)


def repeats(status: int, media_type: str = "application/json") -> Callable[[HttpRequest], Answer]:
    """Make a fault: an answer that repeats the secrets of the request in an error, a page or a field."""

    def answer(request: HttpRequest) -> Answer:
        told = " ".join(secrets_in(request))
        if media_type == "application/json":
            body = json.dumps({"error": "invalid_request", "error_description": f"no: {told}", "detail": told})
        else:
            body = f"<html><title>no</title>{told}</html>"
        fields = (("Content-Type", media_type), ("Location", f"https://elsewhere.example/?{told}"))
        return Answer(status, fields, body.encode())

    return answer
