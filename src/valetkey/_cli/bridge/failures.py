# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What keeps a message from its answer, and how the client is told: one sentence, and one thing to do."""

import re
import socket
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2

from valetkey import urls
from valetkey._adapters.causes import errors_behind
from valetkey._adapters.failures import HttpError, NoAnswer, SessionEnded
from valetkey._adapters.messages import CODE
from valetkey._cli.bridge.bodies import MessageTooLong
from valetkey._cli.outcome import CommandFailed, ExitCode, code_of
from valetkey._cli.wording import for_commands, with_login
from valetkey.errors import AuthError, LoginRequired, quote
from valetkey.errors.texts import harmless

_LATER = "Try again later; if it stays so, tell the server's operator."
CHECK_FIRST = "Check what it has done before you try again."
_CHECK_URL = "Check the URL of the MCP server, its path too."
_PORT = re.compile(r"--callback-port \d+( --callback-host \S+?(?=[ .]))?")
_OPTIONS = {"--issuer", "--client-id", "--client-metadata-url", "--scope", "--profile", "--callback-port"}
"""Those of a login that the bridge has too."""

_FLAGS = (
    ("--client-id ID --client-secret env:NAME", "--static-oauth-client-info @FILE"),
    ("--option token_endpoint=", "--token-endpoint "),
    ("--option send_resource=false", "--disable-resource-parameter"),
    ("--option resource=", "--resource "),
    ("--option bearer=id_token", "--use-id-token"),
)
"""What stands in a hint for a login, and here."""

_OTHER_TRANSPORT = frozenset({400, 404, 405, 406, 415, 501})
"""The statuses by which what is no MCP server, or one of another transport, answers."""


_FOR_A_WHILE = frozenset({408, 425, 429})
GATEWAY = frozenset({502, 503, 504})
"""The statuses by which a gateway says that it does not reach the server, or not in time."""

_UNKNOWN = frozenset({500, 502, 504})
"""The statuses after which a server may have executed the request all the same."""


class NotSent(ConnectionError):
    """No connection to the server was made, so it has not seen the message."""


class AnswerLost(ConnectionError):
    """The server has got the message, and the connection ended before the answer came."""


class ServerSays(Exception):
    """The server answers with a JSON-RPC error, which is for the client, and mostly with an HTTP error too."""

    def __init__(self, error: dict[str, Any], status: int = 200) -> None:
        super().__init__(str(error.get("message", "")))
        self.error = error
        self.status = status


class NoToken(Exception):
    """The server wants another token, for something that no person is asked for."""


class OtherRevision(ConnectionError):
    """The server was replaced by one that does not speak the client's revision of MCP."""


@dataclass(frozen=True, slots=True)
class Failure:
    """
    What the client is told: `message` says what happened, `hint` what to do; `code` is the process's exit code.

    `link` is the page of a login that waits, for the person alone: it is in the text where a program reads that which
    starts the bridge, and not where a language model may.
    """

    message: str
    hint: str
    code: ExitCode
    link: str | None = None
    shows_link: bool = False

    @property
    def error(self) -> dict[str, Any]:
        """The JSON-RPC error."""
        data = {"hint": self.hint} | ({"authorization_url": self.link} if self.link else {})
        page = f" {self.link}" if self.shows_link and self.link else ""
        return {"code": CODE, "message": f"{self.message} {self.hint}{page}", "data": data}


def failure_of(error: Exception, url: str, *, is_open: bool = False) -> Failure:
    """Describe what has kept a message from its answer; `is_open` if the server has answered others before."""
    if isinstance(error, AuthError | CommandFailed):
        link = error.authorization_url if isinstance(error, LoginRequired) else None
        return Failure(error.message, _for_bridge(error.hint, url), code_of(error), link)
    server = urls.without_query(url)
    if isinstance(error, HttpError):
        return _of_answer(error, server, is_open=is_open)
    if isinstance(error, SessionEnded):
        return Failure(f"{server} has ended the MCP session.", "Try again.", ExitCode.LATER)
    if isinstance(error, AnswerLost):
        return Failure(
            f"The connection to {server} ended before the answer came, and it is not known what the server has done.",
            CHECK_FIRST,
            ExitCode.LATER,
        )
    if isinstance(error, OtherRevision):
        return Failure(f"{server} speaks another revision of MCP now.", "Restart the client.", ExitCode.LATER)
    if isinstance(error, NotSent | NoAnswer | httpx2.RequestError | OSError):
        return _of_connection(error, url, server)
    return Failure(
        f"{server} cannot be used: {harmless(type(error).__name__)}.",
        "Run `valetkey bridge` with --debug to see more, and report it.",
        ExitCode.UNFORESEEN,
    )


def is_unknown(error: Exception) -> bool:
    """Tell whether the server may have executed a request that it has not answered."""
    is_status = isinstance(error, HttpError) and getattr(error.response, "status_code", 0) in _UNKNOWN
    return is_status or isinstance(error, AnswerLost)


def _for_bridge(hint: str, url: str) -> str:
    """Give a hint in the words of this command, whose address for the answer is another one than that of a login."""
    said = for_commands(hint)
    for option, flag in _FLAGS:
        said = said.replace(option, flag)
    port = _PORT.search(said)
    if port is not None:
        host = "" if port[1] else " --callback-host 127.0.0.1"
        said = f"{said[: port.end()]}{host} --callback-path /callback{said[port.end() :]}"
    return with_login(said, _OPTIONS, urls.without_query(url))


def _of_answer(error: HttpError, server: str, *, is_open: bool) -> Failure:
    status = getattr(error.response, "status_code", 0)
    said = str(error).removeprefix("the MCP server ").rstrip(".")
    hint, code = _LATER, ExitCode.LATER
    if status < 500 and status not in _FOR_A_WHILE:
        hint, code = _LATER if is_open else _CHECK_URL, ExitCode.SERVER
    if status in _OTHER_TRANSPORT and not is_open:
        said = f"{said}: there is no MCP server at this address"
    if isinstance(error, MessageTooLong):
        hint = "Ask the server for less, or tell its operator."
    if status == 413:
        hint = "Send the server less at once, or tell its operator."
    if status == 401:
        hint = "Check the credential in --header, or leave it out to log in."
    if status == 403:
        hint = "Ask the server's operator for access; if it wants a key, give it with --header."
    return Failure(f"{server} {said}.", hint, code)


def _of_connection(error: Exception, url: str, server: str) -> Failure:
    for cause in errors_behind(error, also_hidden=True):
        if isinstance(cause, socket.gaierror):
            said = f"no address is known for {quote(urlsplit(url).hostname)}"
            return _unreached(server, said, "Check the host name in the URL, and the network.")
        if isinstance(cause, ssl.SSLCertVerificationError):
            said = f"does not prove with a certificate who it is: {quote(cause.verify_message or str(cause))}"
            hint = "If your network has a certificate authority of its own, name its file in SSL_CERT_FILE."
            return Failure(f"{server} {said}.", hint, ExitCode.LATER)
        if isinstance(cause, ConnectionRefusedError):
            return _unreached(server, "nothing listens there", "Start the server, or check the URL.")
    if isinstance(error, NotSent):
        reason = next((str(each) for each in errors_behind(error) if each is not error and str(each)), "")
        return _unreached(server, quote(reason) if reason else "no connection", "Check the network, and the URL.")
    return Failure(f"{server} breaks the connection off without an answer.", _LATER, ExitCode.LATER)


def _unreached(server: str, why: str, hint: str) -> Failure:
    return Failure(f"{server} is not reached: {why}.", hint, ExitCode.LATER)
