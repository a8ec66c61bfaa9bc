# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Asking for metadata documents: what was asked, what came back, and whether a document is certainly not there."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from valetkey import urls, wire
from valetkey._discovery.budget import Budget
from valetkey.errors import AuthError, MalformedDocument, TemporaryError, Unsupported, quote
from valetkey.protocol.error_response import is_temporary, retry_after
from valetkey.protocol.inner_address import inside_hint
from valetkey.protocol.server_words import later
from valetkey.wire import HttpRequest, HttpResponse, NotReached, Send, UnknownOutcome, UnreadableAnswer

MOST_REDIRECTS = 3
"""How many redirects of a document are followed, all of them within its origin."""

_LONGEST_TYPE = 40
_BROKEN = "This is a fault of the server or of a proxy before it; tell its operator."

Document = TypeVar("Document")


@dataclass(slots=True)
class MetadataRequests:
    """
    Asks for documents, and records what was asked and what came back.

    `trouble` says why a document may be there although none was read. A later document takes its place.
    """

    send: Send
    budget: Budget = field(default_factory=Budget)
    log: list[str] = field(default_factory=list)
    trouble: AuthError | None = None
    way_out: str = "issuer="  # what a user can give instead of the documents that are asked for

    def ask(self, request: HttpRequest, parse: Callable[[HttpResponse], Document | None]) -> Document | None:
        """Give the document, or None; an error of trust is raised, and nothing else is to be tried then."""
        self.budget.require_rest(request.url, self.tried)
        try:
            response = self._follow(request)
            document = parse(response)
        except (MalformedDocument, Unsupported, UnreadableAnswer) as error:
            self._miss(request, error.message, error)
            return None
        except TemporaryError as error:
            self._miss(request, "no answer", _as_not_reached(error, request))
            return None
        if document is None:
            self._miss(request, *_what_came(response, request, self.way_out, self._too_often))
        else:
            self.trouble = None
        return document

    def take_trouble(self) -> AuthError | None:
        """Give the trouble, and forget it: what is asked next does not depend on it."""
        trouble, self.trouble = self.trouble, None
        return trouble

    @property
    def tried(self) -> tuple[str, ...]:
        """What was asked, shortened for an error."""
        return self.budget.limits.tried(self.log)

    def note(self, line: str) -> None:
        """Record something that was not asked, and why."""
        self.log.append(line)

    def require_certainty(self, who: str, url: str) -> None:
        """
        Raise the trouble, if any: a 5xx or a broken connection does not say that `who` publishes no document.

        Only the server at `url` is called unreachable; a document may have been announced at another one.
        """
        trouble = self.trouble
        if trouble is None:
            return
        if isinstance(trouble, NotReached) and urls.same_origin(trouble.url, url):
            message = f"{who} cannot be reached: {trouble.reason}."
            trouble = NotReached(message, hint=trouble.hint, reason=trouble.reason, url=trouble.url)
        elif isinstance(trouble, TemporaryError):
            message = f"{who} cannot be asked now: {trouble.message}"
            trouble = TemporaryError(message, hint=trouble.hint, retry_after=trouble.retry_after)
        raise trouble.with_tried(self.tried) from self.trouble

    def _follow(self, request: HttpRequest) -> HttpResponse:
        """Send a request, and follow redirects within its origin; each goes through the guard like any request."""
        response = self._send(request)
        for _ in range(MOST_REDIRECTS):
            target = wire.redirect_target(response)
            if target is None or not urls.same_origin(target, request.url) or not self.budget.takes_redirect():
                break
            response = self._send(replace(request, url=target))
        return response

    @property
    def _too_often(self) -> str:
        is_last = self.budget.redirects >= self.budget.limits.redirects
        return "more often than one attempt follows" if is_last else f"more than {MOST_REDIRECTS} times"

    def _send(self, request: HttpRequest) -> HttpResponse:
        with self.budget.spending():
            return self.send(request)

    def _miss(self, request: HttpRequest, what_came: str, trouble: AuthError | None) -> None:
        self.log.append(f"{request.url}: {what_came.rstrip('.')}")
        is_worse = isinstance(trouble, TemporaryError) and not isinstance(self.trouble, TemporaryError)
        if self.trouble is None or is_worse:  # what may change by itself counts more
            self.trouble = trouble


def _as_not_reached(error: TemporaryError, request: HttpRequest) -> TemporaryError:
    """Whatever ends a request before it is sent means that the server was not reached (`Send`)."""
    if isinstance(error, NotReached | UnknownOutcome):
        return error
    return NotReached(error.message, hint=error.hint, reason=error.message.rstrip("."), url=request.url)


def _what_came(
    response: HttpResponse, request: HttpRequest, way_out: str, too_often: str
) -> tuple[str, AuthError | None]:
    """Say in a few words what came that is no document, and why there may be one all the same, if so."""
    media_type = (response.header("Content-Type") or "without Content-Type").partition(";")[0]
    what = f"{response.status} {_printable(media_type)}"
    if response.url != request.url:
        what = f"{what} from {urls.without_query(response.url)}"
    if is_temporary(response):
        return what, _not_now(response)
    target = wire.redirect_target(response)
    if target is not None:
        return _not_followed(request, what, target, way_out, too_often)
    packing = wire.packing(response) if response.status == 200 else None
    if packing is not None:
        message = f"The answer of {response.url} is {packing}."
        return f"{what}, {packing}", MalformedDocument(message, hint=_BROKEN, url=response.url)
    if response.status == 200 and media_type.lower().endswith("json"):
        is_object = wire.json_object(response) is not None
        what = f"{what}, {'of another kind' if is_object else 'not an object of JSON'}"
    return what, None


def _not_now(response: HttpResponse) -> TemporaryError:
    """Say when to ask again; a date in Retry-After counts from the server's own clock (RFC 9110 §6.6.1)."""
    wait = retry_after(response, now=None)
    message = f"{response.url} answered {response.status}."
    return TemporaryError(message, hint=f"Try again {later(wait)}.", retry_after=wait)


def _not_followed(
    request: HttpRequest, what: str, target: str, way_out: str, too_often: str
) -> tuple[str, AuthError | None]:
    """A redirect says that the document is elsewhere, and not that there is none."""
    place = quote(urls.without_query(target))
    why = too_often if urls.same_origin(target, request.url) else "to another server"
    message = f"{request.url} redirects {why}, which is not followed: {place}."
    hint = inside_hint(request.url, target)
    if hint is None:
        hint = f"Ask its operator to publish the document there, or give {way_out}."
        if not urls.same_origin(target, request.url):  # Cloudflare Access and the like lead to a login of their own
            hint = f"{hint} Where an access gateway answers, give its header fields in network=."
    return f"{what} to {place}, not followed", Unsupported(message, hint=hint)


def _printable(text: str) -> str:
    return "".join(char for char in text if " " <= char <= "~")[:_LONGEST_TYPE]
