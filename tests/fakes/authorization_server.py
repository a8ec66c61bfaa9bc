# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""An MCP server and its authorization server behind one `Send`, with switches for what real ones do oddly."""

import base64
import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

from tests.fakes.assertions import Voucher, claimed_by, kind_of, verified
from tests.fakes.dpop import ProofChecks
from tests.fakes.network import Gate, Trouble
from tests.fakes.seams import BEGINNING
from valetkey import urls
from valetkey._grants.living_client import PURPOSE
from valetkey._network.guard import Guard
from valetkey.errors import AuthError
from valetkey.wire import HttpRequest, HttpResponse

MCP = "https://mcp.example.com/mcp"
RESOURCE_METADATA = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp"
ROOT_RESOURCE_METADATA = "https://mcp.example.com/.well-known/oauth-protected-resource"
ISSUER = "https://auth.example.com"
SERVER_METADATA = "https://auth.example.com/.well-known/oauth-authorization-server"
OPENID_METADATA = "https://auth.example.com/.well-known/openid-configuration"
TOKEN = "https://auth.example.com/token"
REGISTER = "https://auth.example.com/register"
REVOKE = "https://auth.example.com/revoke"
DEVICE_AUTHORIZATION = "https://auth.example.com/device_authorization"
VERIFICATION = "https://auth.example.com/device"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
UNKNOWN_PARAMETER = {"error": "invalid_request", "error_description": "Unknown parameter: resource"}
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass
class RegisteredClient:
    redirect_uris: list[str]
    secret: str | None = None
    method: str | None = None
    key: Any = None  # the public one, of a client that signs


@dataclass
class Granted:
    """What a person or a machine was granted; a family of refresh tokens, the last one of which is current."""

    client_id: str
    resource: str | None
    scope: str | None
    refresh_tokens: list[str] = field(default_factory=list)
    is_revoked: bool = False
    key: str | None = None


@dataclass(kw_only=True)
class AuthorizationServer:
    """The fields are the switches; what has happened is in `requests`."""

    mcp_url: str = MCP
    issuer: str = ISSUER
    # What the MCP server says about itself.
    describes_the_resource_at: tuple[str, ...] = (RESOURCE_METADATA,)
    names_the_resource: str | None = None
    names_issuers: tuple[str, ...] | None = None
    publishes_scopes: tuple[str, ...] | None = None
    resource_says_further: dict[str, object] = field(default_factory=dict)
    # What the authorization server says about itself.
    describes_itself_at: tuple[str, ...] | None = None
    calls_itself: str | None = None
    announces_pkce: tuple[str, ...] | None = ("S256",)
    lists_scopes: tuple[str, ...] | None = None
    lists_authentication: tuple[str, ...] | None = None
    announces_iss: bool = False
    says_further: dict[str, object] = field(default_factory=dict)
    # How it registers clients.
    registers_clients: bool = True
    refuses_registration_with: tuple[int, str] | None = None
    refuses_addresses_with: str | None = None
    registers_with: dict[str, object] = field(default_factory=dict)
    issues_secrets: bool = False  # to the clients that ask for a method with one
    refuses_methods_with: dict[str, tuple[int, dict[str, object]]] = field(default_factory=dict)  # by what is asked for
    invalid_client_status: int = 401
    accepts_methods: tuple[str, ...] | None = None  # of authentication, whatever it has registered
    # How it answers a login.
    declines_with: str | None = None
    sends_iss: str | None = None
    # How it issues tokens.
    token_life: object = 3600
    issues_refresh_tokens: bool = True
    rotates_refresh_tokens: bool = True
    revokes_the_family_on_reuse: bool = True
    forgives_the_previous_refresh_token: bool = False
    grants_only: str | None = None
    tells_scope: bool = True
    refuses_tokens_with: str | None = None
    takes_resource: bool = True
    reads_scope_in_refresh: bool = False
    wants_the_name_in_the_form: bool = False
    repeats_what_it_was_sent: bool = False
    answers_as_form: bool = False
    # How it ends grants.
    revokes_tokens: bool = False
    revokes_no: tuple[str, ...] = ()
    # How it lets a person log in on another device.
    offers_device_login: bool = False
    says_of_device_login: dict[str, object] = field(default_factory=dict)
    refuses_device_login_with: list[tuple[str, str]] = field(default_factory=list)
    answers_polls_with: list[str] = field(default_factory=list)
    # Whose assertions it believes, and by which clock.
    believes: tuple[Voucher, ...] = ()
    takes_assertions_once: bool = False
    now: Callable[[], float] = lambda: BEGINNING
    # How it binds tokens to keys.
    proofs: ProofChecks | None = None
    binds_tokens: bool = True
    # What has happened, and what will.
    requests: list[HttpRequest] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    clients: dict[str, RegisteredClient] = field(default_factory=dict)
    troubles: dict[str, list[Trouble]] = field(default_factory=dict)
    gates: dict[str, Gate] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()  # guards everything below and the lists above
        self._count = 0
        self._codes: dict[str, dict[str, str]] = {}
        self._grants: list[Granted] = []
        self._access_tokens: dict[str, str | None] = {}
        self._keys: dict[str, str | None] = {}
        self._proved: str | None = None
        self._device_codes: dict[str, dict[str, str]] = {}
        self._spent_assertions: set[str] = set()
        if self.describes_itself_at is None:
            self.describes_itself_at = (urls.insert_well_known(self._base, "oauth-authorization-server"),)

    @property
    def _base(self) -> str:
        return self.issuer.rstrip("/")

    # What tests ask and set.

    def log(self) -> list[str]:
        """Every request so far, as `METHOD url`."""
        return [f"{request.method} {request.url}" for request in self.requests]

    def token_forms(self) -> list[dict[str, str]]:
        """The parameters of every token request so far; a question whether a client is known is none."""
        return [_form(request) for request in self._token_requests() if request.purpose != PURPOSE]

    def questions(self) -> list[dict[str, str]]:
        """The parameters of every question so far whether a client is still known."""
        return [_form(request) for request in self._token_requests() if request.purpose == PURPOSE]

    def _token_requests(self) -> list[HttpRequest]:
        return [request for request in self.requests if request.url == f"{self._base}/token"]

    def revocation_forms(self) -> list[dict[str, str]]:
        """The parameters of every revocation so far."""
        return [_form(request) for request in self.requests if request.url == f"{self._base}/revoke"]

    def device_forms(self) -> list[dict[str, str]]:
        """The parameters of every login on another device that was begun so far."""
        return [_form(request) for request in self.requests if request.url == f"{self._base}/device_authorization"]

    def grant_types(self) -> list[str]:
        return [form["grant_type"] for form in self.token_forms()]

    def registrations(self) -> list[dict[str, object]]:
        """The documents of every registration request so far."""
        return [json.loads(request.body) for request in self.requests if request.url == f"{self._base}/register"]

    def has(
        self, url: str, *what: int | tuple[int, str, str] | AuthError | HttpResponse, after_acting: bool = False
    ) -> None:
        """Let the next requests to a URL meet these troubles, one each."""
        self.troubles.setdefault(url, []).extend(Trouble(each, after_acting) for each in what)

    def gate(self, url: str) -> Gate:
        """Hold the requests to a URL."""
        return self.gates.setdefault(url, Gate())

    def knows(
        self,
        client_id: str,
        *redirect_uris: str,
        secret: str | None = None,
        method: str | None = None,
        key: Any = None,
    ) -> None:
        """Register a client by hand."""
        self.clients[client_id] = RegisteredClient([*redirect_uris], secret, method, key)
        self.secrets.extend([secret] if secret else [])

    def accepts(self, access_token: str) -> bool:
        """Tell whether the MCP server takes a token: issued here, for this resource, and not ended."""
        with self._lock:
            return self._access_tokens.get(access_token) == (self.names_the_resource or self.mcp_url)

    def key_of(self, access_token: str) -> str | None:
        """Tell the thumbprint of the key that a token is bound to."""
        with self._lock:
            return self._keys.get(access_token)

    def forget_access_tokens(self) -> None:
        with self._lock:
            self._access_tokens.clear()

    def forget_refresh_tokens(self) -> None:
        with self._lock:
            self._grants.clear()

    # The network.

    def __call__(self, request: HttpRequest) -> HttpResponse:
        Guard().check(request)  # as the real sender does
        with self._lock:
            self.requests.append(request)
            waiting = self.troubles.get(request.url)
            trouble = waiting.pop(0) if waiting else None
            gate = self.gates.get(request.url)
        if gate is not None:
            gate.pass_through()
        if trouble is None or trouble.after_acting:
            with self._lock:
                response = self._answer(request)
            if trouble is None:
                return response
        if isinstance(trouble.what, AuthError):
            raise trouble.what
        if isinstance(trouble.what, HttpResponse):
            return trouble.what
        status, media_type, body = (trouble.what, "text/plain", "") if isinstance(trouble.what, int) else trouble.what
        return HttpResponse(status, request.url, (("Content-Type", media_type),), body.encode())

    def _answer(self, request: HttpRequest) -> HttpResponse:
        routes: dict[str, Callable[[HttpRequest], HttpResponse]] = {
            **{f"GET {url}": self._resource_metadata for url in self.describes_the_resource_at},
            **{f"GET {url}": self._server_metadata for url in self.describes_itself_at or ()},
            f"POST {self._base}/register": self._register,
            f"POST {self._base}/token": self._token,
            f"POST {self._base}/revoke": self._revoke,
            f"POST {self._base}/device_authorization": self._authorize_device,
        }
        route = routes.get(f"{request.method} {request.url}")
        return _json(request, 404, {"detail": "Not Found"}) if route is None else route(request)

    def _resource_metadata(self, request: HttpRequest) -> HttpResponse:
        issuers = (self.issuer,) if self.names_issuers is None else self.names_issuers
        document: dict[str, object] = {"resource": self.names_the_resource or self.mcp_url}
        document["authorization_servers"] = list(issuers)
        if self.publishes_scopes is not None:
            document["scopes_supported"] = list(self.publishes_scopes)
        return _json(request, 200, {**document, **self.resource_says_further})

    def _server_metadata(self, request: HttpRequest) -> HttpResponse:
        members: dict[str, object] = {
            "issuer": self.calls_itself or self.issuer,
            "authorization_endpoint": f"{self._base}/authorize",
            "token_endpoint": f"{self._base}/token",
            "registration_endpoint": f"{self._base}/register" if self.registers_clients else None,
            "revocation_endpoint": f"{self._base}/revoke" if self.revokes_tokens else None,
            "device_authorization_endpoint": f"{self._base}/device_authorization" if self.offers_device_login else None,
            "scopes_supported": self.lists_scopes,
            "code_challenge_methods_supported": self.announces_pkce,
            "token_endpoint_auth_methods_supported": self.lists_authentication,
            "authorization_response_iss_parameter_supported": self.announces_iss or None,
            **self.says_further,
        }
        return _json(request, 200, {name: value for name, value in members.items() if value is not None})

    def _register(self, request: HttpRequest) -> HttpResponse:
        if not self.registers_clients:
            return _json(request, 404, {"detail": "Not Found"})
        if self.refuses_registration_with is not None:
            status, error = self.refuses_registration_with
            return _json(request, status, {"error": error, "error_description": "not here"})
        if self.refuses_addresses_with is not None and self.refuses_addresses_with in request.body.decode():
            return _json(request, 400, {"error": "invalid_redirect_uri"})
        asked = json.loads(request.body)
        if asked["token_endpoint_auth_method"] in self.refuses_methods_with:
            return _json(request, *self.refuses_methods_with[asked["token_endpoint_auth_method"]])
        document = {**asked, "client_id": self._mint("client", secret=False), **self.registers_with}
        if self.issues_secrets and document["token_endpoint_auth_method"] != "none":
            document["client_secret"] = f"secret-of-{document['client_id']}"
        secret = document.get("client_secret")
        if secret:
            self.secrets.append(secret)
        redirect_uris, method = asked.get("redirect_uris", []), document["token_endpoint_auth_method"]
        self.clients[document["client_id"]] = RegisteredClient(redirect_uris, secret, method)
        return _json(request, 201, document)

    # The person's browser.

    def visit(self, authorization_url: str, *, allows: bool = True) -> str:
        """Log a person in and give the URL the browser is sent to."""
        asked = dict(parse_qsl(urlsplit(authorization_url).query, strict_parsing=True))
        assert authorization_url.startswith(f"{self._base}/authorize?")
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        assert asked["redirect_uri"] in self.clients[asked["client_id"]].redirect_uris
        answer = {"state": asked["state"]}
        iss = self.issuer if self.announces_iss and self.sends_iss is None else self.sends_iss
        if iss is not None:
            answer["iss"] = iss
        declined = self.declines_with or (None if allows else "access_denied")
        with self._lock:
            self.secrets.append(asked["state"])
            if declined is not None:
                answer["error"] = declined
            elif "resource" in asked and not self.takes_resource:
                answer.update(UNKNOWN_PARAMETER)
            else:
                answer["code"] = self._mint("code")
                self._codes[answer["code"]] = asked
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    # The token endpoint.

    def _token(self, request: HttpRequest) -> HttpResponse:
        if self.proofs is None:
            return self._token_for(request)
        self._proved, error = self.proofs.check(request.headers, request.method, request.url)
        response = _json(request, 400, {"error": error}) if error is not None else self._token_for(request)
        nonce = () if self.proofs.nonce is None else (("DPoP-Nonce", self.proofs.nonce),)
        return replace(response, headers=(*response.headers, *nonce))

    def _token_for(self, request: HttpRequest) -> HttpResponse:
        form = _form(request)
        client_id = self._client_of(request, form)
        if client_id is None:
            return _json(request, self.invalid_client_status, {"error": "invalid_client"})
        if self.refuses_tokens_with is not None:
            sent = f"{dict(request.headers).get('DPoP', '')} {request.body.decode()}"
            told = sent if self.repeats_what_it_was_sent else "not like this"
            refusal = {"error": self.refuses_tokens_with, "error_description": told}
            return _json(request, 400, refusal)
        if "resource" in form and not self.takes_resource:
            return _json(request, 400, UNKNOWN_PARAMETER)
        granted = {
            "authorization_code": self._redeem,
            "refresh_token": self._refresh,
            "client_credentials": self._trust_machine,
            DEVICE_GRANT: self._redeem_device_code,
            JWT_BEARER: self._believe,
        }[form["grant_type"]](form, client_id)
        if isinstance(granted, str):
            return _json(request, 400, {"error": granted})
        if granted is None:
            return _json(request, 400, {"error": "invalid_grant"})
        return self._issue(request, granted, may_rotate=form["grant_type"] not in ("client_credentials", JWT_BEARER))

    def _client_of(self, request: HttpRequest, form: dict[str, str]) -> str | None:
        """RFC 6749 §2.3: exactly one method, the one the client is registered for."""
        header = dict(request.headers).get("Authorization")
        if "client_assertion" in form:
            assert header is None, "two methods at once"
            return self._signer_of(form)
        if form.get("grant_type") == JWT_BEARER and header is None and "client_id" not in form:
            return ""  # RFC 7521 §4.1: the assertion alone may do
        if header is None:
            client_id, secret = form["client_id"], form.get("client_secret") or None  # RFC 6749 §2.3.1: empty is none
            method = "none" if secret is None else "client_secret_post"
        else:
            assert "client_secret" not in form, "two methods at once"
            if self.wants_the_name_in_the_form is not ("client_id" in form):
                return None
            client_id, secret = map(unquote_plus, base64.b64decode(header.removeprefix("Basic ")).decode().split(":"))
            method = "client_secret_basic"
        client = self.clients.get(client_id)
        if self.accepts_methods is not None:
            is_right = method in self.accepts_methods and client is not None and secret in (None, client.secret)
            return client_id if is_right else None
        if client is None or client.secret != secret or client.method not in (None, method):
            return None
        return client_id

    def _signer_of(self, form: dict[str, str]) -> str | None:
        """RFC 7523 §3: signed by the client, for this server alone, and never seen before."""
        assert "client_secret" not in form, "two methods at once"
        assert form["client_assertion_type"] == ASSERTION_TYPE
        self.secrets.append(form["client_assertion"])
        client_id = claimed_by(form["client_assertion"])
        client = self.clients.get(client_id)
        if client is None or client.key is None or form.get("client_id", client_id) != client_id:
            return None
        claims = verified(
            form["client_assertion"], client.key, issuer=client_id, audience=[self.issuer], now=self.now()
        )
        is_good = claims is not None and (claims["sub"], claims["aud"]) == (client_id, self.issuer)
        return client_id if claims is not None and is_good and self._is_first_use(claims) else None

    def _believe(self, form: dict[str, str], client_id: str) -> Granted | None:
        """RFC 7523 §3 and, for what an identity provider says, ID-JAG §4.4.1."""
        assertion = form["assertion"]
        self.secrets.append(assertion)
        voucher = next((each for each in self.believes if each.issuer == claimed_by(assertion)), None)
        if voucher is None:
            return None
        audience = [self.issuer, f"{self._base}/", f"{self._base}/token"]
        claims = verified(assertion, voucher.public_key, issuer=voucher.issuer, audience=audience, now=self.now())
        if claims is None:
            return None
        resource = form.get("resource", claims.get("resource"))
        if claims.get("resource", resource) != resource:
            return None
        if kind_of(assertion) == "oauth-id-jag+jwt" and claims["client_id"] != client_id:
            return None
        if self.takes_assertions_once and not self._is_first_use(claims):
            return None
        allowed = set((claims.get("scope") or form.get("scope") or "").split())
        assert allowed <= set(form.get("scope", "").split()), "the assertion allows more than was asked for"
        return self._grant(client_id, resource, self.grants_only or claims.get("scope") or form.get("scope"))

    def _is_first_use(self, claims: dict[str, Any]) -> bool:
        is_first = claims["jti"] not in self._spent_assertions
        self._spent_assertions.add(claims["jti"])
        return is_first

    def _redeem(self, form: dict[str, str], client_id: str) -> Granted | None:
        asked = self._codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        self.secrets.append(form["code_verifier"])
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        told = [client_id, form["redirect_uri"], self._resource(form), challenge]
        if asked is None or told != [
            asked["client_id"],
            asked["redirect_uri"],
            self._resource(asked),
            asked["code_challenge"],
        ]:
            return None
        if asked.get("dpop_jkt", self._proved) != self._proved:  # RFC 9449 §10
            return None
        return self._grant(client_id, self._resource(asked), self.grants_only or asked.get("scope"))

    def _resource(self, sent: dict[str, str]) -> str | None:
        """MCP wants it in every request, and a server that does not know it gets none."""
        return sent["resource"] if self.takes_resource else None

    def _refresh(self, form: dict[str, str], client_id: str) -> Granted | None:
        assert self.reads_scope_in_refresh or "scope" not in form, "a refresh keeps its scope"
        sent = form["refresh_token"]
        granted = next((each for each in self._grants if sent in each.refresh_tokens), None)
        if (
            granted is None
            or granted.is_revoked
            or granted.client_id != client_id
            or (self.takes_resource and granted.resource != self._resource(form))
            or granted.key not in (None, self._proved)
        ):
            return None
        forgiven = (
            granted.refresh_tokens[-2:] if self.forgives_the_previous_refresh_token else granted.refresh_tokens[-1:]
        )
        if sent not in forgiven:
            granted.is_revoked = self.revokes_the_family_on_reuse
            return None
        return granted

    def _trust_machine(self, form: dict[str, str], client_id: str) -> Granted | None:
        client = self.clients[client_id]
        assert client.secret is not None or client.key is not None, "a public client has nothing to prove itself with"
        return self._grant(client_id, self._resource(form), self.grants_only or form.get("scope"))

    # The device authorization endpoint.

    def _authorize_device(self, request: HttpRequest) -> HttpResponse:
        form = _form(request)
        client_id = self._client_of(request, form)
        if client_id is None:
            return _json(request, self.invalid_client_status, {"error": "invalid_client"})
        if self.refuses_device_login_with:
            error, description = self.refuses_device_login_with.pop(0)
            return _json(request, 400, {"error": error, "error_description": description})
        device_code = self._mint("device")
        self._device_codes[device_code] = {**form, "client_id": client_id}
        members: dict[str, object] = {
            "device_code": device_code,
            "user_code": "WDJB-MJHT",
            "verification_uri": f"{self._base}/device",
            "expires_in": 1800,
            **self.says_of_device_login,
        }
        return _json(request, 200, members)

    def _redeem_device_code(self, form: dict[str, str], client_id: str) -> Granted | str | None:
        if self.answers_polls_with:
            return self.answers_polls_with.pop(0)
        asked = self._device_codes.pop(form["device_code"], None)
        if asked is None or [client_id, form.get("resource")] != [asked["client_id"], asked.get("resource")]:
            return None
        return self._grant(client_id, asked.get("resource", ""), self.grants_only or asked.get("scope"))

    # The revocation endpoint.

    def _revoke(self, request: HttpRequest) -> HttpResponse:
        form = _form(request)
        if self._client_of(request, form) is None:
            return _json(request, self.invalid_client_status, {"error": "invalid_client"})
        if form["token_type_hint"] in self.revokes_no:
            return _json(request, 400, {"error": "unsupported_token_type"})
        for granted in self._grants:
            granted.is_revoked = granted.is_revoked or form["token"] in granted.refresh_tokens
        self._access_tokens.pop(form["token"], None)
        return HttpResponse(200, request.url, (("Content-Type", "text/html"),), b"<html>whatever</html>")

    def _grant(self, client_id: str, resource: str, scope: str | None) -> Granted:
        granted = Granted(client_id, resource, scope, key=self._proved if self.binds_tokens else None)
        self._grants.append(granted)
        return granted

    def _issue(self, request: HttpRequest, granted: Granted, *, may_rotate: bool) -> HttpResponse:
        access_token = self._mint("access")
        self._access_tokens[access_token] = granted.resource
        self._keys[access_token] = granted.key
        members: dict[str, object] = {"access_token": access_token}
        members["token_type"] = "Bearer" if granted.key is None else "DPoP"
        if self.token_life is not None:
            members["expires_in"] = self.token_life
        if self.tells_scope and granted.scope is not None:
            members["scope"] = granted.scope
        is_first = not granted.refresh_tokens
        if may_rotate and self.issues_refresh_tokens and (is_first or self.rotates_refresh_tokens):
            granted.refresh_tokens.append(self._mint("refresh"))
            members["refresh_token"] = granted.refresh_tokens[-1]
        if self.answers_as_form:
            content = (("Content-Type", "application/x-www-form-urlencoded"),)
            return HttpResponse(200, request.url, content, urlencode(members).encode())
        return _json(request, 200, members)

    def _mint(self, kind: str, *, secret: bool = True) -> str:
        self._count += 1
        text = f"{kind}-{self._count}-of-{urlsplit(self.issuer).hostname}"
        if secret:
            self.secrets.append(text)
        return text


def _form(request: HttpRequest) -> dict[str, str]:
    pairs = parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs), "a parameter is repeated"
    return dict(pairs)


def _json(request: HttpRequest, status: int, document: dict[str, object]) -> HttpResponse:
    return HttpResponse(status, request.url, (("Content-Type", "application/json"),), json.dumps(document).encode())
