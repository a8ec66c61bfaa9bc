# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Every error Valetkey raises, named for what the caller does next.

    AuthError                   .hint: one sentence that says what to do; str(error) is safe to show and to log
    ├─ TemporaryError           try again later: network, time-out, 5xx, 429 (.retry_after)
    ├─ LoginRequired            a person is needed (.principal .reason, .authorization_url .deadline of a login begun)
    │   └─ LoginFailed          a person was asked: denied, too late, no way to receive the answer (.error .description)
    ├─ Refused                  the authorization server said no (.error .description .status .endpoint)
    │   └─ ClientRefused        it does not accept this client, or does not register it
    ├─ TokenRejected            the MCP server rejects a token that its authorization server has just issued
    ├─ ScopeMissing             the MCP server wants scope that the token lacks (.required .granted)
    ├─ Unsupported              the server cannot do what is needed (.tried: what was asked and what came back)
    ├─ TrustError               fatal: never retried, never followed by another try
    │   ├─ IssuerMismatch       RFC 8414 §3.3, RFC 9207 §2.4 (.expected .received)
    │   ├─ ResourceMismatch     RFC 9728 §3.3 (.expected .received)
    │   ├─ InsecureEndpoint     neither https nor loopback, or not a URL a credential may go to (.url)
    │   └─ StateMismatch        RFC 6749 §10.12: the answer belongs to another login
    ├─ MalformedDocument        an answer that cannot be read (.url .member)
    ├─ StoreError               the session store cannot be read, written or locked
    │   ├─ StoreLocked          it is encrypted, and its key is not there (.key_id)
    │   └─ StoreBusy            others use it, and it did not come to this one in time (also a TemporaryError)
    └─ ConfigurationError       the caller's own settings contradict each other (also a ValueError)

An error is a value: `with_hint`, `with_tried` and `with_server` give a changed copy. Text that came from a server is
quoted and capped by `quote`; no error holds a token, a body or a live response. Every text of an error is made safe to
show when the error is made: control characters and the like are escaped, a long text is cut, and what a server repeats
of a secret is left out. So an attribute such as `received` may differ there from what the server sent, byte for byte.
"""

from valetkey.errors.of_stores import StoreBusy as StoreBusy
from valetkey.errors.of_stores import StoreError as StoreError
from valetkey.errors.of_stores import StoreLocked as StoreLocked
from valetkey.errors.root import AuthError as AuthError
from valetkey.errors.root import TemporaryError as TemporaryError
from valetkey.errors.texts import QUOTE_LIMIT as QUOTE_LIMIT
from valetkey.errors.texts import quoted


def quote(text: object, limit: int = QUOTE_LIMIT) -> str:
    """
    Make text from outside harmless: one line, control characters escaped, capped, without the secrets of the attempt.

    :param text: Anything a server sent.
    :param limit: Longest text in characters that is kept.
    :returns: The text in double quotes.
    """
    return quoted(text, limit)


class LoginRequired(AuthError):
    """
    A person has to log in, and none has answered yet. `server_url` is the MCP server that wants it.

    :param authorization_url: The link that person has to open, when a login is waiting. It is for that person alone, so
        the text of the error does not hold it; with `public_url=` it is a short one, which the text holds too.
    :param principal: The user whose session it would be.
    :param reason: Why, in one of a few texts: "no session yet", "the session has ended: …", "more scope: …".
    :param deadline: Until when the link can be used, as Unix time in seconds; None where none was given.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str,
        authorization_url: str | None = None,
        principal: str | None = None,
        reason: str | None = None,
        deadline: float | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.authorization_url = authorization_url
        self.principal = principal
        self.reason = reason
        self.deadline = deadline


class LoginFailed(LoginRequired):
    """
    A person was asked and the login did not succeed.

    :param error: The error code of the authorization response (RFC 6749 §4.1.2.1), if there was one.
    :param description: Its description, in the server's words.
    """

    def __init__(self, message: str, *, hint: str, error: str | None = None, description: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.error = error
        self.description = description


class Refused(AuthError):
    """
    The authorization server answered with an error (RFC 6749 §5.2, RFC 7591 §3.2.2).

    :param error: The error code, as the server sent it.
    :param description: The server's description.
    :param status: The HTTP status.
    :param endpoint: The URL that answered.
    :param is_json: True if the answer was a JSON object: it comes from the server and not from a proxy before it.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str,
        error: str | None = None,
        description: str | None = None,
        status: int | None = None,
        endpoint: str | None = None,
        is_json: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.is_json = is_json
        self.error = error
        self.description = description
        self.status = status
        self.endpoint = endpoint


class ClientRefused(Refused):
    """The authorization server does not accept this client, or does not register it."""


class TokenRejected(AuthError):
    """The MCP server rejects a token that its authorization server has just issued: a new login would not help."""


class ScopeMissing(AuthError):
    """
    The MCP server wants scope that the token lacks. The user, the settings or a server has declined it.

    :param required: Scopes the MCP server asked for.
    :param granted: Scopes the token has.
    """

    def __init__(
        self, message: str, *, hint: str, required: tuple[str, ...] = (), granted: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message, hint=hint)
        self.required = required
        self.granted = granted


class Unsupported(AuthError):
    """The server does not offer what a login needs; `tried` says what was asked, where that tells more."""


class TrustError(AuthError):
    """A check of identity failed: a server may pretend to be another one, so nothing else is tried."""


class IssuerMismatch(TrustError):
    """
    A document, a response or a credential belongs to another issuer.

    :param expected: The issuer that was expected.
    :param received: The issuer that came.
    """

    def __init__(self, message: str, *, hint: str, expected: str | None, received: str | None) -> None:
        super().__init__(message, hint=hint)
        self.expected = expected
        self.received = received


class ResourceMismatch(TrustError):
    """
    The protected resource metadata describes another server.

    :param expected: The URL of the MCP server.
    :param received: The resource the document names.
    """

    def __init__(self, message: str, *, hint: str, expected: str, received: str) -> None:
        super().__init__(message, hint=hint)
        self.expected = expected
        self.received = received


class InsecureEndpoint(TrustError):
    """
    A URL that no request may go to, or that may not carry a credential.

    :param url: The URL, as it was received.
    """

    def __init__(self, message: str, *, hint: str, url: str) -> None:
        super().__init__(message, hint=hint)
        self.url = url


class StateMismatch(TrustError):
    """The answer that came to the redirect address belongs to another login, or to none."""


class MalformedDocument(AuthError):
    """
    An answer that cannot be read.

    :param url: Where it came from.
    :param member: The member that is missing or wrong, if it is one.
    """

    def __init__(self, message: str, *, hint: str, url: str, member: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.url = url
        self.member = member


class ConfigurationError(AuthError, ValueError):
    """The settings given by the caller contradict each other or are incomplete."""
