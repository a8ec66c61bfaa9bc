# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Broken servers: what each does wrong on the wire, the cause that the doctor names, and what it advises."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.doctor.wire import (
    ISSUER,
    MCP,
    NOT_FOUND,
    OPENID,
    ORIGIN,
    PAGE,
    PING,
    REJECTION,
    RESOURCE,
    ROOT_RESOURCE,
    SERVER,
    STREAM,
    answer,
    resource,
    server,
)
from valetkey.errors import AuthError, TemporaryError
from valetkey.wire import NotReached, UnknownOutcome, UnreadableAnswer

REGISTER = f"POST {ISSUER}/register"
BOT_FILTER = answer(403, "<!DOCTYPE html><title>Just a moment...", cf_ray="8a", content_type="text/html")
BARE = answer(401, www_authenticate="Bearer")


@dataclass(frozen=True, kw_only=True)
class Broken:
    """
    One broken server.

    :param does: What it does wrong, for the page.
    :param answers: What differs from a server at which nothing is wrong; None for an answer that is 404.
    :param cause: The code of the finding that names it.
    :param error: The error that a login meets; None if it can work all the same.
    :param advises: What the advice to the user or to the owner says.
    :param themes: The themes of user pain (B1 to B25) and the rows of the field's cases that it is an example of.
    :param others: Other findings that have to be there too.
    """

    id: str
    does: str
    answers: Mapping[str, str | AuthError]
    cause: str
    error: str | None
    advises: str
    themes: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    registers: bool = False
    others: tuple[str, ...] = ()


def _not_reached(reason: str) -> NotReached:
    return NotReached(f"{MCP} cannot be reached: {reason}.", hint="Check the network.", reason=reason, url=MCP)


def _open(**changes: str) -> dict[str, str]:
    """A server that wants no login, and says something else."""
    return {f"GET {RESOURCE}": NOT_FOUND, f"GET {SERVER}": NOT_FOUND, **changes}


OF_THE_PLACE = (
    Broken(
        id="unknown-host",
        does="Its host name has no DNS record.",
        answers={PING: _not_reached("the host name is not known")},
        cause="host_unknown",
        error="TemporaryError",
        advises="Check the host name",
        themes="B22",
    ),
    Broken(
        id="nothing-listens",
        does="Nothing listens at its port.",
        answers={PING: _not_reached("connection refused")},
        cause="connection_refused",
        error="TemporaryError",
        advises="Start the server",
        themes="B22",
    ),
    Broken(
        id="unreachable",
        does="No connection comes about within the time for it.",
        answers={PING: _not_reached("no connection in time")},
        cause="connection_failed",
        error="TemporaryError",
        advises="Check the network",
        themes="B22",
    ),
    Broken(
        id="proxy",
        does="The user's proxy does not connect to it.",
        answers={PING: TemporaryError(f'The proxy does not connect to {MCP}: "403".', hint="Check the proxy.")},
        cause="proxy_failed",
        error="TemporaryError",
        advises="Check the proxy",
        themes="B20",
    ),
    Broken(
        id="wrongly-packed",
        does="Its answer is not packed as its Content-Encoding says.",
        answers={PING: UnreadableAnswer(f"The answer of {MCP} is not packed so.", hint="Tell its operator.")},
        cause="answer_unreadable",
        error="TemporaryError",
        advises="Content-Encoding",
        themes="B22",
    ),
    Broken(
        id="silent",
        does="It takes the request and does not answer.",
        answers={PING: UnknownOutcome(f"{MCP} did not answer in 10 s.", hint="Try again later.")},
        cause="no_answer",
        error="TemporaryError",
        advises="Try again later",
        themes="B22",
    ),
    Broken(
        id="wrong-path",
        does="The MCP server is at another path; nothing is at this one.",
        answers=_open(**{PING: NOT_FOUND}),
        cause="not_found",
        error="Unsupported",
        advises="Check the URL",
        themes="B22",
    ),
    Broken(
        id="wrong-path-with-metadata",
        does="Nothing is at this path, and its metadata names the URL of the MCP server.",
        answers={PING: NOT_FOUND, f"GET {RESOURCE}": resource(resource=f"{ORIGIN}/v1/mcp")},
        cause="not_found",
        error="Unsupported",
        advises=f"{ORIGIN}/v1/mcp",
        themes="B4, B22",
    ),
    Broken(
        id="root-instead-of-path",
        does="The user gives its root; the MCP server is at /mcp.",
        answers={f"POST {ORIGIN}/": NOT_FOUND},
        settings={"url": f"{ORIGIN}/"},
        cause="not_found",
        error="Unsupported",
        advises=f'An MCP server answers at "{MCP}"',
        themes="B22",
    ),
    Broken(
        id="root-instead-of-stream",
        does="The user gives its root; it speaks only HTTP+SSE, at /sse.",
        answers={
            f"POST {ORIGIN}/": NOT_FOUND,
            PING: NOT_FOUND,
            f"GET {ORIGIN}/sse": answer(200, "event: endpoint\n\n", content_type="text/event-stream"),
        },
        settings={"url": f"{ORIGIN}/"},
        cause="not_found",
        error="Unsupported",
        advises=f'An MCP server answers at "{ORIGIN}/sse"',
        themes="B22",
    ),
    Broken(
        id="host-refused",
        does="It answers 421, because its check of the host name does not know the public one.",
        answers=_open(**{PING: answer(421, "Invalid Host header", content_type="text/plain")}),
        cause="host_refused",
        error="Unsupported",
        advises="Allow the public host name",
        themes="B22, F9",
    ),
    Broken(
        id="host-refused-in-words",
        does="It answers 403 with a JSON-RPC error about its host name.",
        answers=_open(
            **{
                PING: answer(
                    403, {"jsonrpc": "2.0", "id": None, "error": {"code": -32000, "message": "Invalid Host: x"}}
                )
            }
        ),
        cause="host_refused",
        error="Unsupported",
        advises="allowed_hosts",
        themes="B22, F9",
    ),
    Broken(
        id="web-page",
        does="A web page answers at the URL, as where a single-page app has every path.",
        answers=_open(**{PING: PAGE, STREAM: PAGE}),
        cause="web_page",
        error="Unsupported",
        advises="/mcp",
        themes="B8, B22",
    ),
    Broken(
        id="post-refused",
        does="It answers 405 to POST, and has no stream either.",
        answers=_open(**{PING: answer(405, allow="GET, HEAD"), STREAM: PAGE}),
        cause="method_refused",
        error="Unsupported",
        advises="Check the URL",
        themes="B22",
    ),
    Broken(
        id="sse-only",
        does="It speaks only the older HTTP+SSE transport.",
        answers=_open(**{PING: answer(405), STREAM: answer(200, content_type="text/event-stream")}),
        cause="sse_only",
        error=None,
        advises="SSE transport of your client",
        themes="B22",
    ),
    Broken(
        id="sse-only-with-login",
        does="It speaks only HTTP+SSE, and wants a login for its stream.",
        answers={PING: answer(405), STREAM: REJECTION},
        cause="sse_only",
        error=None,
        advises="SSE transport of your client",
        themes="B22",
        others=("login_wanted", "challenge_ok"),
    ),
    Broken(
        id="sse-only-in-words",
        does="It speaks only HTTP+SSE, says so to POST in a JSON-RPC error with 405, and wants a login for its stream.",
        answers={
            PING: answer(
                405, {"jsonrpc": "2.0", "id": None, "error": {"code": -32000, "message": "Method not allowed"}}
            ),
            STREAM: REJECTION,
        },
        cause="sse_only",
        error=None,
        advises="SSE transport of your client",
        themes="B22",
        others=("login_wanted", "challenge_ok"),
    ),
    Broken(
        id="other-json",
        does="Another HTTP API answers at the URL.",
        answers=_open(**{PING: answer(200, {"status": "up"}), STREAM: answer(200, {"status": "up"})}),
        cause="not_mcp",
        error="Unsupported",
        advises="which program answers",
        themes="B22",
    ),
    Broken(
        id="redirect-within",
        does="The URL redirects to the same with a slash.",
        answers={
            PING: answer(307, location="/mcp/"),
            f"POST {MCP}/": REJECTION,
        },
        cause="redirected",
        error=None,
        advises=f"Use {MCP}/",
        themes="B4",
    ),
    Broken(
        id="redirect-to-http",
        does="Behind a proxy that it does not know of, it redirects to the same with a slash and plain http.",
        answers=_open(**{PING: answer(307, location="http://mcp.example.com/mcp/")}),
        cause="redirected_behind_proxy",
        error="Unsupported",
        advises="with a last slash",
        themes="B4, F9",
    ),
    Broken(
        id="redirect-to-itself",
        does="It redirects to itself.",
        answers=_open(**{PING: answer(307, location="/mcp")}),
        cause="redirect_fruitless",
        error="Unsupported",
        advises="Answer at the published URL",
        themes="B13",
    ),
    Broken(
        id="redirect-to-a-page",
        does="It answers a call with 303 and its login page.",
        answers=_open(**{PING: answer(303, location="/login")}),
        cause="redirect_fruitless",
        error="Unsupported",
        advises="no answer to a program",
        themes="B8",
    ),
    Broken(
        id="redirect-to-own-sign-in",
        does="It answers a call with 302 and its own sign-in page.",
        answers=_open(**{PING: answer(302, location="/login?next=/mcp"), f"POST {ORIGIN}/login?next=/mcp": PAGE}),
        cause="redirect_fruitless",
        error="Unsupported",
        advises="no answer to a program",
        themes="B8",
    ),
    Broken(
        id="redirect-to-nothing",
        does="It redirects to the same with a slash, where nothing is.",
        answers=_open(**{PING: answer(301, location="/mcp/")}),
        cause="redirect_fruitless",
        error="Unsupported",
        advises="Check the URL",
        themes="B4, B22",
    ),
    Broken(
        id="redirect-to-provider",
        does="An access gateway redirects every call to an identity provider's authorization request.",
        answers=_open(
            **{
                PING: answer(
                    302, location="https://accounts.example.net/o/oauth2/v2/auth?client_id=1&response_type=code"
                )
            }
        ),
        cause="access_gateway",
        error="Unsupported",
        advises="header fields that the gateway wants",
        themes="B8, B20",
    ),
    Broken(
        id="redirect-elsewhere",
        does="The URL redirects to another host.",
        answers=_open(**{PING: answer(308, location="https://new.example.net/mcp")}),
        cause="redirected_elsewhere",
        error="Unsupported",
        advises="Use that address",
        themes="B4, B10",
    ),
    Broken(
        id="server-fails",
        does="It answers 502.",
        answers=_open(**{PING: answer(502, "<html>Bad Gateway</html>", content_type="text/html")}),
        cause="server_fails",
        error="TemporaryError",
        advises="Try again later",
        themes="B16",
    ),
    Broken(
        id="rate-limited",
        does="It answers 429 with Retry-After.",
        answers=_open(**{PING: answer(429, {"message": "slow down"}, retry_after="120")}),
        cause="rate_limited",
        error="TemporaryError",
        advises="Try again in 2 minutes",
        themes="B13, C4",
    ),
    Broken(
        id="maintenance",
        does="It answers 503 with a page, through a content delivery network, and says when it is back.",
        answers=_open(
            **{PING: answer(503, "<html>Maintenance</html>", content_type="text/html", cf_ray="8a", retry_after="3600")}
        ),
        cause="server_fails",
        error="TemporaryError",
        advises="Try again in 60 minutes",
        themes="B16",
    ),
    Broken(
        id="rate-limited-by-network",
        does="The content delivery network before it answers 429 with a page.",
        answers=_open(
            **{
                PING: answer(
                    429, "<title>Rate limited | Cloudflare", content_type="text/html", cf_ray="8", retry_after="60"
                )
            }
        ),
        cause="rate_limited",
        error="TemporaryError",
        advises="Try again in 60 seconds",
        themes="B13, B20",
    ),
    Broken(
        id="proxy-wants-login",
        does="A proxy on the way answers 407 in its place.",
        answers=_open(**{PING: answer(407, proxy_authenticate='Basic realm="office"')}),
        cause="proxy_failed",
        error="TemporaryError",
        advises="HTTPS_PROXY",
        themes="B20",
    ),
    Broken(
        id="payment",
        does="It answers 402.",
        answers=_open(**{PING: answer(402, {"error": "plan expired"})}),
        cause="payment_wanted",
        error="Unsupported",
        advises="what access costs",
        themes="B22",
    ),
    Broken(
        id="bot-filter",
        does="A bot filter before it answers 403 with a page of its own.",
        answers=_open(
            **{
                PING: answer(
                    403, "<!DOCTYPE html><title>Just a moment...</title>", cf_ray="8a", content_type="text/html"
                )
            }
        ),
        cause="access_gateway",
        error="Unsupported",
        advises="header fields that the gateway wants",
        themes="B20",
    ),
    Broken(
        id="access-gateway",
        does="An access gateway redirects every call to its own sign-in page.",
        answers=_open(
            **{PING: answer(302, location="https://team.cloudflareaccess.com/cdn-cgi/access/login/mcp?kid=abc123def")}
        ),
        cause="access_gateway",
        error="Unsupported",
        advises="header fields that the gateway wants",
        themes="B20",
    ),
)

OF_THE_REJECTION = (
    Broken(
        id="forbidden",
        does="It answers 403 without a challenge, and publishes nothing.",
        answers=_open(**{PING: answer(403, {"message": "Forbidden"})}),
        cause="forbidden",
        error="Unsupported",
        advises="Ask its operator for access",
        themes="B8",
    ),
    Broken(
        id="forbidden-and-metadata",
        does="It answers 403 without a challenge, and publishes metadata of a login.",
        answers={PING: answer(403, {"message": "Forbidden"})},
        cause="forbidden_offers_login",
        error=None,
        advises="valetkey login",
        themes="B8",
    ),
    Broken(
        id="forbidden-with-challenge",
        does="It answers 403 with a challenge where no token was sent.",
        answers={PING: REJECTION.replace("401", "403", 1)},
        cause="forbidden_with_challenge",
        error=None,
        advises="Answer 401",
        themes="B8",
    ),
    Broken(
        id="rejection-in-200",
        does="It answers 200 with a JSON-RPC error that says that the caller is not authenticated.",
        answers=_open(
            **{PING: answer(200, {"jsonrpc": "2.0", "id": 1, "error": {"code": -32001, "message": "Unauthorized"}})}
        ),
        cause="rejection_hidden",
        error="Unsupported",
        advises="Answer 401 with WWW-Authenticate",
        themes="B8, B22",
    ),
    Broken(
        id="rejection-in-200-and-metadata",
        does="It speaks of a missing login in a JSON-RPC error with status 200, and publishes metadata of a login.",
        answers={PING: answer(200, {"jsonrpc": "2.0", "id": 1, "error": {"code": -32001, "message": "Unauthorized"}})},
        cause="rejection_hidden",
        error=None,
        advises="valetkey login",
        themes="B8, B22",
    ),
    Broken(
        id="rejection-in-400",
        does="It answers 400 with words about a missing token.",
        answers=_open(**{PING: answer(400, {"error": "missing access token"})}),
        cause="rejection_hidden",
        error="Unsupported",
        advises="Answer 401 with WWW-Authenticate",
        themes="B8, B22",
    ),
    Broken(
        id="rejection-in-422",
        does="It answers 422 because the field Authorization is missing (FastAPI).",
        answers=_open(
            **{
                PING: answer(
                    422, {"detail": [{"type": "missing", "loc": ["header", "authorization"], "msg": "Field required"}]}
                )
            }
        ),
        cause="rejection_hidden",
        error="Unsupported",
        advises="Answer 401 with WWW-Authenticate",
        themes="B8, B22",
    ),
    Broken(
        id="rejection-in-400-and-metadata",
        does="It answers 400 with words about a missing Authorization header, and publishes metadata of a login.",
        answers={PING: answer(400, {"error": "Authorization header is required"})},
        cause="rejection_hidden",
        error=None,
        advises="valetkey login",
        themes="B8, B22",
    ),
    Broken(
        id="rejection-asks-to-log-in",
        does='It answers 200 with a JSON-RPC error that says "Please log in first".',
        answers=_open(
            **{
                PING: answer(
                    200, {"jsonrpc": "2.0", "id": 1, "error": {"code": -32600, "message": "Please log in first"}}
                )
            }
        ),
        cause="rejection_hidden",
        error="Unsupported",
        advises="Answer 401 with WWW-Authenticate",
        themes="B8, B22",
    ),
    Broken(
        id="key-in-401",
        does="Its 401 asks for an API key, and it publishes nothing.",
        answers=_open(**{PING: answer(401, {"message": "Missing API key. Pass x-api-key."})}),
        cause="key_wanted",
        error="Unsupported",
        advises="your MCP client sends it in a header field",
        themes="B8, B22",
        others=("challenge_absent",),
    ),
    Broken(
        id="key-scheme",
        does="Its challenge is for a scheme of its own, ApiKey.",
        answers=_open(**{PING: answer(401, www_authenticate='ApiKey realm="x"')}),
        cause="key_wanted",
        error="Unsupported",
        advises="Get a key",
        themes="B8",
        others=("challenge_of_another_scheme",),
    ),
    Broken(
        id="key-in-403",
        does="Its 403 asks for an API key.",
        answers=_open(**{PING: answer(403, {"message": "Missing x-api-key header"})}),
        cause="key_wanted",
        error="Unsupported",
        advises="Get a key",
        themes="B8",
    ),
    Broken(
        id="firewall",
        does="A firewall before it answers programs with 403 and a bare page.",
        answers=_open(**{PING: answer(403, "<html><h1>403 Forbidden</h1>", content_type="text/html")}),
        cause="forbidden",
        error="Unsupported",
        advises="whether a firewall stops programs",
        themes="B20",
    ),
    Broken(
        id="rejection-in-500",
        does="It answers 500 with words about a missing token, because its check throws.",
        answers=_open(**{PING: answer(500, {"error": "invalid token: not authenticated"})}),
        cause="rejection_hidden",
        error="TemporaryError",
        advises="Answer 401 with WWW-Authenticate",
        themes="B8, B22",
    ),
    Broken(
        id="no-challenge",
        does="Its 401 has no WWW-Authenticate field.",
        answers={PING: answer(401, {"error": "unauthorized"})},
        cause="challenge_absent",
        error=None,
        advises="Send WWW-Authenticate",
        themes="B8",
    ),
    Broken(
        id="basic-challenge",
        does="It wants a user name and a password (Basic), and has no login of MCP.",
        answers=_open(**{PING: answer(401, www_authenticate='Basic realm="intranet"')}),
        cause="challenge_of_another_scheme",
        error="Unsupported",
        advises="no login of MCP",
        themes="B20",
    ),
    Broken(
        id="gateway-in-401",
        does="The page of an access gateway comes with 401 and without a challenge.",
        answers=_open(
            **{PING: answer(401, "<!doctype html><title>Vercel Authentication</title>", content_type="text/html")}
        ),
        cause="access_gateway",
        error="Unsupported",
        advises="header fields that the gateway wants",
        themes="B20, B8",
    ),
    Broken(
        id="challenge-without-metadata",
        does="Its challenge does not say where the metadata is.",
        answers={PING: answer(401, www_authenticate='Bearer realm="mcp", error="invalid_token"')},
        cause="challenge_without_metadata",
        error=None,
        advises="resource_metadata",
        themes="B8",
    ),
    Broken(
        id="semicolons",
        does="Semicolons stand between the parameters of its challenge.",
        answers={PING: answer(401, www_authenticate=f'Bearer realm="mcp"; resource_metadata="{RESOURCE}"')},
        cause="challenge_malformed",
        error=None,
        advises="commas between parameters",
        themes="D7",
    ),
    Broken(
        id="single-quotes",
        does="Single quotes stand around the URL in its challenge.",
        answers={PING: answer(401, www_authenticate=f"Bearer resource_metadata='{RESOURCE}'")},
        cause="challenge_malformed",
        error=None,
        advises="quotes around URLs",
        themes="D7, B8",
    ),
    Broken(
        id="no-quotes",
        does="The URL in its challenge stands without quotes.",
        answers={PING: answer(401, www_authenticate=f"Bearer resource_metadata={RESOURCE}")},
        cause="challenge_malformed",
        error=None,
        advises="quotes around URLs",
        themes="D7",
    ),
    Broken(
        id="no-commas",
        does="Only spaces stand between the parameters of its challenge.",
        answers={PING: answer(401, www_authenticate=f'Bearer realm="mcp" resource_metadata="{RESOURCE}"')},
        cause="challenge_malformed",
        error=None,
        advises="commas between parameters",
        themes="D7",
    ),
    Broken(
        id="misnamed-metadata",
        does="Its challenge names the parameter resource_metadata_url.",
        answers={PING: answer(401, www_authenticate=f'Bearer resource_metadata_url="{RESOURCE}"')},
        cause="challenge_without_metadata",
        error=None,
        advises="Add resource_metadata",
        themes="D1, B8",
    ),
    Broken(
        id="open-quote",
        does="A quoted text in its challenge does not end.",
        answers={PING: answer(401, www_authenticate=f'Bearer scope="tools, resource_metadata="{RESOURCE}"')},
        cause="challenge_malformed",
        error=None,
        advises="quotes around URLs",
        themes="D7, B8",
    ),
    Broken(
        id="relative-metadata",
        does="Its challenge names the metadata by a path.",
        answers={
            PING: answer(401, www_authenticate='Bearer resource_metadata="/.well-known/oauth-protected-resource/mcp"')
        },
        cause="challenge_address_relative",
        error=None,
        advises="Write the whole URL",
        themes="D1",
    ),
    Broken(
        id="metadata-is-no-url",
        does="Its challenge names a text that is no URL.",
        answers={PING: answer(401, www_authenticate='Bearer resource_metadata="mcp.example.com:443/metadata"')},
        cause="challenge_address_unusable",
        error=None,
        advises="Write the https URL",
        themes="D1",
    ),
    Broken(
        id="repeated-metadata",
        does="Its challenge names resource_metadata twice.",
        answers={
            PING: answer(401, www_authenticate=f'Bearer resource_metadata="{RESOURCE}", resource_metadata="{RESOURCE}"')
        },
        cause="challenge_repeats_itself",
        error=None,
        advises="Name each parameter once",
        themes="B8",
    ),
)

OF_THE_RESOURCE = (
    Broken(
        id="resource-mismatch",
        does="Its metadata is about another server.",
        answers={f"GET {RESOURCE}": resource(resource="https://other.example.net/mcp")},
        cause="resource_mismatch",
        error="ResourceMismatch",
        advises="Check the server's URL",
        themes="B4",
        others=("server_ok", "pkce_ok"),
    ),
    Broken(
        id="resource-other-path",
        does="Its metadata is about another path of the same host.",
        answers={f"GET {RESOURCE}": resource(resource=f"{ORIGIN}/sse")},
        cause="resource_mismatch",
        error="ResourceMismatch",
        advises="Check the server's URL",
        themes="B4",
    ),
    Broken(
        id="root-with-login",
        does="The user gives its root, which wants a login too; its metadata is about /mcp.",
        answers={f"POST {ORIGIN}/": REJECTION},
        settings={"url": f"{ORIGIN}/"},
        cause="resource_mismatch",
        error="ResourceMismatch",
        advises=f"if {MCP} is meant, use that",
        themes="B4",
    ),
    Broken(
        id="resource-ancestor",
        does="Its metadata names its origin instead of its URL.",
        answers={f"GET {RESOURCE}": resource(resource=ORIGIN)},
        cause="resource_is_ancestor",
        error=None,
        advises="Name the URL of the MCP server",
        themes="B4",
    ),
    Broken(
        id="resource-in-capitals",
        does="Its metadata writes the host with capitals and the default port.",
        answers={f"GET {RESOURCE}": resource(resource="https://MCP.example.com:443/mcp")},
        cause="resource_spelled_otherwise",
        error=None,
        advises="host in lower case",
        themes="B4",
    ),
    Broken(
        id="resource-with-slash",
        does="Its metadata writes its URL with a last slash that clients are not told.",
        answers={f"GET {RESOURCE}": resource(resource=f"{MCP}/")},
        cause="resource_spelled_otherwise",
        error=None,
        advises=f"Use {MCP}/",
        themes="B4",
    ),
    Broken(
        id="resource-by-other-name",
        does="A server on this computer names 127.0.0.1, and the user writes localhost.",
        answers={
            "POST http://localhost:8000/mcp": answer(401, www_authenticate="Bearer"),
            "GET http://localhost:8000/.well-known/oauth-protected-resource/mcp": resource(
                resource="http://127.0.0.1:8000/mcp"
            ),
        },
        settings={"url": "http://localhost:8000/mcp"},
        cause="resource_mismatch",
        error="ResourceMismatch",
        advises="Use http://127.0.0.1:8000/mcp",
        themes="B4",
    ),
    Broken(
        id="resource-from-inside",
        does="Behind a proxy that it does not know of, its metadata names its plain http address.",
        answers={f"GET {RESOURCE}": resource(resource="http://mcp.example.com/mcp")},
        cause="resource_behind_proxy",
        error="ResourceMismatch",
        advises="PUBLIC_URL",
        themes="B4, F9",
    ),
    Broken(
        id="announced-from-inside",
        does="Behind a proxy that it does not know of, it announces its metadata at an address from inside.",
        answers={PING: answer(401, www_authenticate='Bearer resource_metadata="http://10.0.0.7:8000/meta"')},
        cause="resource_behind_proxy",
        error="InsecureEndpoint",
        advises="PUBLIC_URL",
        themes="B10, F9",
    ),
    Broken(
        id="metadata-service",
        does="It announces its metadata at the metadata service of a cloud.",
        answers={PING: answer(401, www_authenticate='Bearer resource_metadata="file:///etc/passwd"')},
        cause="resource_insecure",
        error="InsecureEndpoint",
        advises="tell its operator",
        themes="B10, D1",
    ),
    Broken(
        id="no-servers",
        does="Its metadata names no authorization server.",
        answers={f"GET {RESOURCE}": resource(authorization_servers=None)},
        cause="resource_without_server",
        error="Unsupported",
        advises="--issuer",
        themes="B8",
    ),
    Broken(
        id="servers-misnamed",
        does="Its metadata has authorization_server instead of authorization_servers.",
        answers={f"GET {RESOURCE}": resource(authorization_servers=None, authorization_server=ISSUER)},
        cause="resource_without_server",
        error="Unsupported",
        advises="List the issuer in authorization_servers",
        themes="B8, D5",
    ),
    Broken(
        id="server-undefined",
        does='A setting is missing, so its metadata names the authorization server "undefined".',
        answers={f"GET {RESOURCE}": resource(authorization_servers=["undefined"])},
        cause="resource_without_server",
        error="Unsupported",
        advises="--issuer",
        themes="B8",
    ),
    Broken(
        id="servers-as-text",
        does="authorization_servers is a text instead of a list.",
        answers={f"GET {RESOURCE}": resource(authorization_servers=ISSUER)},
        cause="resource_malformed",
        error="MalformedDocument",
        advises="a list of strings",
        themes="D5",
        others=("server_ok",),
    ),
    Broken(
        id="resource-members",
        does="Members of its metadata that no login needs have the wrong type.",
        answers={f"GET {RESOURCE}": resource(scopes_supported="tools", bearer_methods_supported="header")},
        cause="resource_members_wrong",
        error=None,
        advises="Correct their types",
        themes="D5",
    ),
    Broken(
        id="servers-with-a-name",
        does="Its metadata lists the name of a server beside the issuer.",
        answers={f"GET {RESOURCE}": resource(authorization_servers=["main login", ISSUER])},
        cause="resource_members_wrong",
        error=None,
        advises="Correct their types",
        themes="D5, B8",
    ),
    Broken(
        id="resource-as-text",
        does="It serves its metadata as text/plain.",
        answers={f"GET {RESOURCE}": resource().replace("application/json", "text/plain")},
        cause="resource_served_wrongly",
        error=None,
        advises="Serve it as application/json",
        themes="B8",
    ),
    Broken(
        id="resource-redirect",
        does="Its metadata is behind a redirect within its origin.",
        answers={
            f"GET {RESOURCE}": answer(301, location="/metadata.json"),
            f"GET {ORIGIN}/metadata.json": resource(),
        },
        cause="resource_redirected",
        error=None,
        advises="without a redirect",
        themes="D3",
    ),
    Broken(
        id="resource-redirect-elsewhere",
        does="Its metadata is behind a redirect to another host.",
        answers={
            f"GET {RESOURCE}": answer(302, location="https://sso.example.net/login"),
            f"GET {ROOT_RESOURCE}": answer(302, location="https://sso.example.net/login"),
        },
        cause="resource_redirected_elsewhere",
        error="Unsupported",
        advises="access gateway",
        themes="D3, B20",
    ),
    Broken(
        id="resource-fails",
        does="Its metadata answers 500.",
        answers={f"GET {RESOURCE}": answer(500), f"GET {ROOT_RESOURCE}": answer(500)},
        cause="resource_unavailable",
        error="TemporaryError",
        advises="Try again later",
        themes="B16",
    ),
    Broken(
        id="announced-and-absent",
        does="It announces metadata that is not there, and publishes none elsewhere.",
        answers={f"GET {RESOURCE}": NOT_FOUND},
        cause="resource_unreadable",
        error="Unsupported",
        advises="Answer 200 with the JSON document",
        themes="D2, B8",
    ),
    Broken(
        id="announced-and-forbidden",
        does="The announced metadata wants a login itself.",
        answers={f"GET {url}": answer(401) for url in (RESOURCE, ROOT_RESOURCE)},
        cause="resource_unreadable",
        error="Unsupported",
        advises="Answer 200 with the JSON document",
        themes="B8, B25",
    ),
    Broken(
        id="other-metadata",
        does="The metadata of its authorization server lies where its own should be.",
        answers={f"GET {RESOURCE}": server()},
        cause="resource_unreadable",
        error="Unsupported",
        advises="Answer 200 with the JSON document",
        themes="B8",
    ),
    Broken(
        id="announced-and-elsewhere",
        does="The announced metadata answers 401; the root has it.",
        answers={
            f"GET {RESOURCE}": answer(401),
            f"GET {ROOT_RESOURCE}": resource(),
        },
        cause="resource_elsewhere",
        error=None,
        advises="Publish it where the challenge says",
        themes="B8, B25, D2",
    ),
    Broken(
        id="page-for-metadata",
        does="Every unknown path, the metadata's too, answers with a web page.",
        answers={
            PING: BARE,
            **{f"GET {url}": PAGE for url in (RESOURCE, ROOT_RESOURCE, SERVER, OPENID)},
            f"GET {ORIGIN}/.well-known/oauth-authorization-server": PAGE,
            f"GET {ORIGIN}/.well-known/openid-configuration": PAGE,
            f"GET {ORIGIN}/authorize": PAGE,
            f"GET {ORIGIN}/token": PAGE,
        },
        cause="resource_absent",
        error="Unsupported",
        advises="Publish protected resource metadata",
        themes="B8",
    ),
    Broken(
        id="resource-unnamed",
        does="Its metadata does not say which resource it is about.",
        answers={f"GET {RESOURCE}": resource(resource=None)},
        cause="resource_unnamed",
        error="Unsupported",
        advises="the member is required",
        themes="B8",
    ),
    Broken(
        id="metadata-behind-bot-filter",
        does="A bot filter answers in the place of its metadata.",
        answers={f"GET {url}": BOT_FILTER for url in (RESOURCE, ROOT_RESOURCE)},
        cause="resource_blocked",
        error="Unsupported",
        advises="without a browser check",
        themes="B8, B20",
    ),
    Broken(
        id="resource-misplaced",
        does="Its metadata lies behind its path instead of at the host's well-known place.",
        answers={
            PING: BARE,
            f"GET {RESOURCE}": NOT_FOUND,
            f"GET {MCP}/.well-known/oauth-protected-resource": resource(),
        },
        cause="resource_misplaced",
        error="Unsupported",
        advises="followed by the server's path",
        themes="D4",
    ),
    Broken(
        id="slash",
        does="Its URL ends in a slash, and its metadata lies at the place without it (FastMCP).",
        answers={f"POST {MCP}/": BARE},
        settings={"url": f"{MCP}/"},
        cause="resource_elsewhere",
        error=None,
        advises="well-known path of the server's own path",
        themes="D4, B4",
    ),
    Broken(
        id="query-tokens",
        does="It takes tokens only in the URL.",
        answers={f"GET {RESOURCE}": resource(bearer_methods_supported=["query"])},
        cause="resource_unusable",
        error="Unsupported",
        advises="Accept tokens in the Authorization field",
        themes="B8",
    ),
    Broken(
        id="certificate-tokens",
        does="It takes only tokens that are bound to a certificate of the client.",
        answers={f"GET {RESOURCE}": resource(tls_client_certificate_bound_access_tokens=True)},
        cause="resource_wants_certificates",
        error="Unsupported",
        advises="Do not require certificates",
        themes="B21",
    ),
    Broken(
        id="bound-tokens-of-another-kind",
        does="It and its authorization server take only signatures for bound tokens that Valetkey does not make.",
        answers={
            f"GET {RESOURCE}": resource(dpop_bound_access_tokens_required=True),
            f"GET {SERVER}": server(dpop_signing_alg_values_supported=["RS512"]),
        },
        cause="dpop_not_offered",
        error="Unsupported",
        advises="List ES256",
        themes="B21",
    ),
    Broken(
        id="bound-tokens",
        does="It wants tokens that are bound to a key, and its authorization server offers none.",
        answers={f"GET {RESOURCE}": resource(dpop_bound_access_tokens_required=True)},
        cause="dpop_not_offered",
        error="Unsupported",
        advises="dpop_signing_alg_values_supported",
        themes="B21",
    ),
    Broken(
        id="several-servers-first-without-metadata",
        does="It names two authorization servers, and the first publishes nothing.",
        answers={f"GET {RESOURCE}": resource(authorization_servers=["https://old.example.net", ISSUER])},
        cause="resource_names_several",
        error=None,
        advises="--issuer",
        themes="D6",
    ),
    Broken(
        id="several-servers-first-down",
        does="It names two authorization servers, and the first is down.",
        answers={
            f"GET {RESOURCE}": resource(authorization_servers=["https://down.example.net", ISSUER]),
            **{
                f"GET https://down.example.net/.well-known/{name}": answer(503)
                for name in ("oauth-authorization-server", "openid-configuration")
            },
        },
        cause="server_unavailable",
        error="TemporaryError",
        advises="--issuer chooses one",
        themes="D6",
        others=("resource_names_several",),
    ),
)
