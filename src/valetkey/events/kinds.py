# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The kinds of events. No text in them holds a secret; a new kind or member may come, and none changes its meaning."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from valetkey.values import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """
    Something that has happened.

    :param time: When, as Unix time in seconds.
    :param server_url: The MCP server, without a query; empty for a request that belongs to no session.
    :param principal: The user whose session it is.
    :param label: The label of the session.
    :param attempt: An id that all events of one attempt share.
    """

    time: float
    server_url: str = ""
    principal: str = ""
    label: str = ""
    attempt: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """
    What of a request or an answer may be shown.

    :param headers: Its header fields; "…" stands for a value that is not shown.
    :param members: The members of its form or JSON object, in the same way; None if it has neither.
    :param size: The bytes of its body.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, object] | None = None
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSent(Event):
    """
    A request of Valetkey's own has been answered, or no answer came.

    :param method: The HTTP method.
    :param url: The URL, without user information, query and fragment.
    :param purpose: What it was for, such as "exchange the code for a token".
    :param status: The status of the answer; None if none came.
    :param outcome: The status as a text, or what came instead of one ("no connection", "no answer").
    :param seconds: How long it took.
    :param request: What was sent, as far as it may be shown.
    :param response: What came, as far as it may be shown; None if nothing came.
    """

    method: str
    url: str
    purpose: str
    status: int | None
    outcome: str
    seconds: float
    request: Message = field(default_factory=Message)
    response: Message | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptStarted(Event):
    """Another token is to be obtained, or a session begun, completed or ended. What follows belongs to this attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptEnded(Event):
    """
    The attempt is over.

    :param seconds: How long it took, with the time that a person took.
    :param error: The class of the error, such as "TemporaryError"; None if there was none.
    :param message: What the error says; empty if there was none.
    """

    seconds: float
    error: str | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginStarted(Event):
    """
    A login begins, or a machine asks for a token.

    :param grant: How a token is obtained, such as "authorization_code".
    :param reason: Why the session at hand does not do.
    """

    grant: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAsked(Event):
    """
    A person is asked to log in now. The link is not in the event: it is for that person alone.

    :param issuer: The authorization server.
    :param method: "browser", or "device" for another device.
    :param ends_at: Until when the login waits, as Unix time in seconds; None if that is not known.
    """

    issuer: str
    method: str
    ends_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginEnded(Event):
    """
    A login has ended, or waits for an answer that any process may complete.

    :param grant: How a token was to be obtained.
    :param outcome: "logged in", "waits" or "failed".
    :param issuer: The authorization server; empty if none was found.
    :param error: The class of the error; None if there was none.
    :param message: What the error says; empty if there was none.
    """

    grant: str
    outcome: str
    issuer: str = ""
    error: str | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRenewed(Event):
    """
    A session was renewed with its refresh token.

    :param issuer: The authorization server.
    :param early: True if the old token still served.
    """

    issuer: str
    early: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalFailed(Event):
    """
    A renewal came to nothing.

    :param issuer: The authorization server.
    :param early: True if the old token still serves.
    :param refused: True if the server has said no; False if it could not answer.
    :param error: The class of the error.
    :param message: What the error says.
    :param next_step: What follows, such as "log in" or "tell the caller".
    """

    issuer: str
    early: bool
    refused: bool
    error: str
    message: str
    next_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSaved(Event):
    """
    The answer of an authorization server is in the store.

    :param issuer: The authorization server.
    :param client_id: The client of the session.
    :param scope: The scope that was granted; None if the server did not say.
    :param expires_at: When the token ends, as Unix time in seconds; None if that is not known.
    :param renewable: True if there is a refresh token.
    """

    issuer: str
    client_id: str
    scope: Scope | None
    expires_at: float | None
    renewable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Event):
    """
    The authorization server has ended a session: it cannot be renewed any more.

    :param issuer: The authorization server.
    :param message: Its words.
    """

    issuer: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedOut(Event):
    """
    A session was ended by name.

    :param existed: True if there was one.
    :param revoked: True if the authorization server has ended it too.
    :param problem: What that server has not done; None if it has done all.
    """

    existed: bool
    revoked: bool
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack(Event):
    """
    Nothing was done, because the same has come to nothing before: the brake, or a pause after a failure.

    :param message: What is held back, why, and until when.
    """

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUpWanted(Event):
    """
    The MCP server wants more scope than the session has.

    :param scope: The scope that is missing; empty if the server did not say.
    """

    scope: Scope
