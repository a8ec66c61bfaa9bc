# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
OpenTelemetry: a span for each attempt to get a token and for each of its requests, counters and durations.

```python
from valetkey import telemetry

telemetry.instrument()
```

Names and attributes follow OpenTelemetry's semantic conventions for HTTP clients where those have one. No attribute
holds a secret, the query of a URL, or the name of a user.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from valetkey.errors import ConfigurationError
from valetkey.events.kinds import (
    AttemptEnded,
    AttemptStarted,
    Event,
    HeldBack,
    LoggedOut,
    LoginEnded,
    LoginStarted,
    PersonAsked,
    RenewalFailed,
    RequestSent,
    SessionEnded,
    SessionRenewed,
    SessionSaved,
)
from valetkey.events.listening import listen
from valetkey.events.messages import without_keys

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider

__all__ = ["instrument", "uninstrument"]

NAME = "valetkey"
"""The name of the tracer and of the meter, and the beginning of the names that are no convention's."""

_MOST_ATTEMPTS = 1000
"""Attempts whose spans are open; an end that was lost must keep none open for ever."""

Attributes = dict[str, str | bool | int | float]

_DURATIONS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Seconds; those of the semantic conventions for `http.client.request.duration`."""

_installed: "list[Callable[[], None]]" = []
_installing = threading.Lock()  # guards _installed


def instrument(
    *, tracer_provider: "TracerProvider | None" = None, meter_provider: "MeterProvider | None" = None
) -> None:
    """
    Report to OpenTelemetry what happens in all sessions of this process, from the next attempt on.

    A span of the caller that needs a token is the parent of the attempt's span. A second call replaces the first.

    :param tracer_provider: Where spans go; None for the global one.
    :param meter_provider: Where measurements go; None for the global one.
    :raises ConfigurationError: If opentelemetry-api is not installed.
    """
    try:
        reporter = _Reporter(tracer_provider, meter_provider)
    except ImportError as error:
        message = "valetkey.telemetry needs the package opentelemetry-api."
        raise ConfigurationError(message, hint="Install it: pip install 'valetkey[otel]'.") from error
    uninstrument()
    with _installing:
        _installed.append(listen(reporter.hear))


def uninstrument() -> None:
    """End the reporting; what has happened before is reported."""
    with _installing:
        ends, _installed[:] = list(_installed), []
    for end in ends:
        end()


class _Reporter:
    """Makes spans and measurements of events. All events come in one thread."""

    def __init__(self, tracer_provider: "TracerProvider | None", meter_provider: "MeterProvider | None") -> None:
        from opentelemetry import metrics, trace

        self._trace = trace
        self._tracer = trace.get_tracer(NAME, tracer_provider=tracer_provider)
        meter = metrics.get_meter(NAME, meter_provider=meter_provider)
        self._requests = meter.create_histogram(
            "http.client.request.duration",
            unit="s",
            description="Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_DURATIONS,
        )
        self._durations = meter.create_histogram(
            "valetkey.attempt.duration", unit="s", description="How long it takes to get a token, with a person's time."
        )
        self._logins = meter.create_counter("valetkey.logins", unit="{login}", description="Logins that have ended.")
        self._renewals = meter.create_counter("valetkey.renewals", unit="{renewal}", description="Renewals.")
        self._refusals = meter.create_counter(
            "valetkey.refusals",
            unit="{refusal}",
            description="What was held back, and sessions that a server has ended.",
        )
        self._attempts: dict[str, Span] = {}

    def hear(self, event: Event) -> None:
        """Report an event."""
        match event:
            case AttemptStarted():
                self._begin(event)
            case AttemptEnded():
                self._end(event)
            case RequestSent(status=None, response=None, method="browser" | "device"):
                self._add_span(event, f"login in the {event.method}", self._trace.SpanKind.INTERNAL, {})
            case RequestSent():
                self._report_request(event)
            case _:
                self._count(event)
                self._note(event)

    def _begin(self, event: AttemptStarted) -> None:
        if len(self._attempts) >= _MOST_ATTEMPTS:
            self._attempts.pop(next(iter(self._attempts))).end()
        # The context is that of the caller, so a span of the caller is the parent.
        self._attempts[event.attempt] = self._tracer.start_span(
            "valetkey attempt", attributes=_address_of(event.server_url), start_time=_nanoseconds(event.time)
        )

    def _end(self, event: AttemptEnded) -> None:
        attributes = _address_of(event.server_url, with_path=False)
        if event.error is not None:
            attributes["error.type"] = event.error
        self._durations.record(event.seconds, attributes)
        span = self._attempts.pop(event.attempt, None)
        if span is not None:
            self._close(span, event, attributes.get("error.type"))

    def _close(self, span: "Span", event: Event, error: object) -> None:
        if isinstance(error, str):
            span.set_attribute("error.type", error)
            span.set_status(self._trace.StatusCode.ERROR)
        span.end(_nanoseconds(event.time))

    def _report_request(self, event: RequestSent) -> None:
        attributes: Attributes = {"http.request.method": event.method, **_address_of(event.url, with_path=False)}
        if event.status is not None:
            attributes["http.response.status_code"] = event.status
        if event.status is None or event.status >= 400:
            attributes["error.type"] = event.outcome
        self._requests.record(event.seconds, attributes)
        further = {"url.path": without_keys(urlsplit(event.url).path), "valetkey.purpose": event.purpose}
        self._add_span(event, event.method, self._trace.SpanKind.CLIENT, {**attributes, **further})

    def _add_span(self, event: RequestSent, name: str, kind: Any, attributes: Attributes) -> None:
        """Add a span of what is over already, below that of its attempt."""
        parent = self._attempts.get(event.attempt)
        context = self._trace.set_span_in_context(parent) if parent is not None else None
        start = _nanoseconds(event.time - event.seconds)
        span = self._tracer.start_span(name, context, kind, attributes, start_time=start)
        self._close(span, event, attributes.get("error.type"))

    def _count(self, event: Event) -> None:
        match event:
            case LoginEnded():
                self._logins.add(1, _members_of(event))
            case SessionRenewed():
                self._renewals.add(1, {"valetkey.outcome": "renewed", "valetkey.early": event.early})
            case RenewalFailed():
                outcome = "refused" if event.refused else "failed"
                self._renewals.add(1, {"valetkey.outcome": outcome, "valetkey.early": event.early, **_error_of(event)})
            case HeldBack() | SessionEnded():
                refusal = "held back" if isinstance(event, HeldBack) else "session ended"
                self._refusals.add(1, {"valetkey.refusal": refusal})
            case _:
                pass  # it is none of what is counted

    def _note(self, event: Event) -> None:
        """Write into the span of the attempt what has happened in it."""
        span = self._attempts.get(event.attempt)
        if span is not None:
            span.add_event(type(event).__name__, _members_of(event), _nanoseconds(event.time))


def _members_of(event: Event) -> Attributes:
    """Give the members of an event that tell of no person and quote no server."""
    match event:
        case LoginStarted():
            return {"valetkey.grant": event.grant}
        case PersonAsked():
            return {"valetkey.method": event.method}
        case LoginEnded():
            return {"valetkey.grant": event.grant, "valetkey.outcome": event.outcome, **_error_of(event)}
        case SessionSaved():
            return {"valetkey.renewable": event.renewable}
        case SessionRenewed():
            return {"valetkey.early": event.early}
        case RenewalFailed():
            return {"valetkey.early": event.early, "valetkey.next_step": event.next_step, **_error_of(event)}
        case LoggedOut():
            return {"valetkey.revoked": event.revoked}
        case _:
            return {}


def _error_of(event: LoginEnded | RenewalFailed) -> Attributes:
    return {} if event.error is None else {"error.type": event.error}


def _address_of(url: str, *, with_path: bool = True) -> Attributes:
    """Give the attributes of a URL: its path without what may be a key, and never its query."""
    parts = urlsplit(url)
    attributes: Attributes = {"server.address": parts.hostname or ""}
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    if port is not None:
        attributes["server.port"] = port
    if with_path:
        attributes["url.path"] = without_keys(parts.path)
    return attributes


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1_000_000_000)
