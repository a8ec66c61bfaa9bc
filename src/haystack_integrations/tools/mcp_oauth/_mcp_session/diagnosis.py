# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What kept an MCP server from answering, where no login is at fault: the cause, and one thing to do."""

import re
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from mcp import types

from haystack_integrations.tools.mcp_oauth._mcp_session.negotiation import code_of, is_about_the_version
from valetkey._adapters.failures import HttpError
from valetkey._adapters.framework import (
    errors_behind,
    harmless,
    later,
    proxy_for,
    seconds_to_wait,
    without_query,
    without_secrets,
)
from valetkey.errors import quote

Transport = Literal["streamable HTTP", "SSE"]

_LATER = "Try again later; if it stays so, tell the server's operator."
_CHECK_URL = "Check the URL, its path too."
_OTHER_TRANSPORT = {
    "streamable HTTP": "Check the URL; for a server that speaks SSE, use SSEServerInfo.",
    "SSE": "Check the URL; for a server that speaks streamable HTTP, use StreamableHttpServerInfo.",
}

_WRONG_TRANSPORT = frozenset({400, 404, 405, 406, 415, 501})
"""The statuses by which servers of one transport answer the requests of the other."""

_HINTS = {
    402: "Ask its operator what access costs, and whether your account has paid for it.",
    403: "Ask its operator for access; if it wants a key, give it in headers= of the server info.",
    407: "Give the user name and password of the proxy in HTTPS_PROXY or HTTP_PROXY.",
    429: "Wait a while, then try again.",
}

_MEDIA_TYPE = re.compile(r"content.type:? '?([\w.+-]+/[\w.+-]+)?|got '([\w.+-]+/[\w.+-]+)?'", re.IGNORECASE)
"""How both lines of the SDK and their HTTP libraries say which media type they have met; the last one is it."""

_NO_TLS = re.compile(r"WRONG.VERSION.NUMBER|HTTP.REQUEST|UNKNOWN.PROTOCOL|RECORD.LAYER|PACKET.LENGTH", re.IGNORECASE)
"""What the versions of OpenSSL say when the other side does not speak TLS."""

_BROKEN_OFF = frozenset({"RemoteProtocolError", "ReadError", "WriteError", "CloseError"})
_TOO_SLOW = frozenset({"ReadTimeout", "WriteTimeout", "PoolTimeout", "TimeoutError"})
_NOT_CONNECTED = frozenset({"ProxyError", "ConnectError", "ConnectTimeout"})
"""The names that the errors of both HTTP libraries have."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why a server cannot be used: `cause` goes on from the server's URL, `hint` is one sentence."""

    cause: str
    hint: str

    def about(self, url: str) -> str:
        """Say it of a server."""
        return without_secrets(f"{url} {harmless(self.cause)} {self.hint}", url)


CREDENTIAL_REJECTED = Diagnosis(
    "rejects the credential that the server info gives it.",
    "Check token= and the Authorization header, or leave both out to log in.",
)


@dataclass(frozen=True, slots=True)
class _Case:
    errors: tuple[BaseException, ...]
    url: str
    transport: Transport
    seconds: float

    @property
    def names(self) -> frozenset[str]:
        return frozenset(type(error).__name__ for error in self.errors)

    @property
    def place(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def diagnose(failure: BaseException, url: str, transport: Transport, *, seconds: float) -> Diagnosis:
    """Say what a failure means for the user; `seconds` is how long the server had time."""
    case = _Case(tuple(errors_behind(failure, also_hidden=True)), url, transport, seconds)
    for find in (_in_the_answer, _in_the_certificate, _in_the_proxy, _in_the_connection, _in_the_time):
        found = find(case)
        if found is not None:
            return found
    return Diagnosis(f"cannot be used: {quote(str(failure) or type(failure).__name__)}.", _OTHER_TRANSPORT[transport])


def _in_the_answer(case: _Case) -> Diagnosis | None:
    """Look for what the server has answered: an HTTP error, something that is no MCP, an error of MCP."""
    for error in case.errors:
        response = getattr(error, "response", None)
        status = getattr(response, "status_code", None)
        if isinstance(status, int) and status >= 300:
            return _of_status(response, status, case.transport)
        if "content" in str(error).lower() and (found := list(_MEDIA_TYPE.finditer(str(error)))):
            return _of_media_type(found[-1][1] or found[-1][2] or "", case.transport)
        if is_about_the_version(error):
            return _of_version(error)
        hint = "Check the URL; if it is right, tell the server's operator."
        if isinstance(error, HttpError) and status is not None:
            return Diagnosis(f"{str(error).removeprefix('the MCP server ')}.", hint)
        if code_of(error) not in (None, types.CONNECTION_CLOSED):
            said = str(error).partition("\n")[0]
            return Diagnosis(f"opens no MCP session: {quote(said)}.", hint)
    return None


def _of_version(error: BaseException) -> Diagnosis:
    data = getattr(getattr(error, "error", None), "data", None)
    supported = data.get("supported") if isinstance(data, dict) else None
    named = [each for each in supported if isinstance(each, str)] if isinstance(supported, list) else []
    which = f" It speaks {quote(', '.join(named))}." if named else ""
    said = str(error).partition("\n")[0]
    cause = f"speaks no revision of MCP that the installed package mcp knows: {quote(said)}.{which}"
    return Diagnosis(cause, "Install a newer version of the package mcp: from 2 on, it speaks MCP 2026-07-28 too.")


def _of_status(response: Any, status: int, transport: Transport) -> Diagnosis:
    said = f"{status} {response.reason_phrase}".strip()
    if status < 400:
        following = response.next_request
        if following is None:
            return Diagnosis(f"answers {said} without an address.", _CHECK_URL)
        address = without_query(str(following.url))
        cause = f"answers {said}: it redirects to {quote(address)}."
        if following.url == response.url:
            return Diagnosis(cause, "Tell the server's operator: it redirects to itself.")
        return Diagnosis(cause, "Use that URL if it is the right server.")
    if status == 407:
        return Diagnosis(f"is not reached: a proxy answers {said}.", _HINTS[status])
    if status == 403:
        return Diagnosis(f"forbids access and offers no login: it answers {said}.", _HINTS[status])
    if status in _WRONG_TRANSPORT:
        return Diagnosis(f"answers {said}: there is no MCP over {transport}.", _OTHER_TRANSPORT[transport])
    wait = seconds_to_wait(response.headers.get("retry-after", ""), now=time.time())
    if wait is not None:
        return Diagnosis(f"answers {said}.", f"Try again {later(wait)}.")
    return Diagnosis(f"answers {said}.", _HINTS.get(status, _LATER if status >= 500 else _CHECK_URL))


def _of_media_type(media_type: str, transport: Transport) -> Diagnosis:
    what = "a web page" if media_type.endswith("html") else quote(media_type) if media_type else "an empty page"
    return Diagnosis(f"answers with {what} instead of MCP over {transport}.", _OTHER_TRANSPORT[transport])


def _in_the_certificate(case: _Case) -> Diagnosis | None:
    for error in case.errors:
        if isinstance(error, ssl.SSLCertVerificationError):
            cause = f"does not prove with a certificate who it is: {quote(error.verify_message or str(error))}."
            hint = "If your network has a certificate authority of its own, name its file in SSL_CERT_FILE."
            return Diagnosis(cause, hint)
    return None


def _in_the_proxy(case: _Case) -> Diagnosis | None:
    proxy = proxy_for(case.url)
    if proxy is None or not case.names & _NOT_CONNECTED:
        return None
    parts = urlsplit(proxy)
    place = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")  # without its password
    refusals = [str(error) for error in case.errors if type(error).__name__ == "ProxyError"]
    cause = f"the proxy {place} " + (f"answers {quote(refusals[0])}" if refusals else "cannot be reached")
    hint = "Check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY, or name the server in NO_PROXY."
    return Diagnosis(f"is not reached: {cause}.", hint)


def _in_the_connection(case: _Case) -> Diagnosis | None:
    for error in case.errors:
        if isinstance(error, socket.gaierror):
            hint = "Check the host name in the URL, and the network."
            return Diagnosis(f"is not reached: no address is known for {quote(urlsplit(case.url).hostname)}.", hint)
        if isinstance(error, ssl.SSLError):
            if _NO_TLS.search(str(error)):
                return Diagnosis("does not speak TLS.", "If it is a server without TLS, begin its URL with http://.")
            return Diagnosis(f"and this program agree on no TLS: {quote(str(error))}.", "Tell the server's operator.")
        if isinstance(error, ConnectionRefusedError):
            return Diagnosis(f"is not reached: nothing listens at {case.place}.", "Start the server, or check the URL.")
    if case.names & _BROKEN_OFF or any(code_of(error) == types.CONNECTION_CLOSED for error in case.errors):
        hint = "If it is a server with TLS, begin its URL with https://." if case.url.startswith("http:") else _LATER
        return Diagnosis("breaks the connection off without an answer.", hint)
    if "ConnectError" in case.names:
        reasons = [str(error) for error in case.errors if isinstance(error, OSError)]
        why = f": {quote(reasons[-1])}" if reasons else ""
        return Diagnosis(f"is not reached at {case.place}{why}.", "Check the network, and the URL.")
    return None


def _in_the_time(case: _Case) -> Diagnosis | None:
    if "ConnectTimeout" in case.names:
        return Diagnosis(f"accepts no connection within {case.seconds:g} s.", "Check the network, and the URL.")
    if case.names & _TOO_SLOW:
        return Diagnosis(f"has not answered within {case.seconds:g} s.", _LATER)
    return None
