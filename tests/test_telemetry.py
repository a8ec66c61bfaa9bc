# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Spans and measurements for OpenTelemetry, in memory: what is reported of a login, and what is not."""

import json
import subprocess
import sys

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from tests.fakes.authorization_server import TOKEN
from tests.fakes.network import challenges
from tests.fakes.world import World
from tests.network.server import WireServer, answer
from valetkey import telemetry
from valetkey._network.guard import Guard
from valetkey._network.sender import HttpSender
from valetkey.errors import AuthError, ConfigurationError, TemporaryError
from valetkey.events import flush, listening
from valetkey.wire import HttpRequest

WANTS_WRITE = challenges('Bearer error="insufficient_scope", scope="write"')


class Collected:
    """What OpenTelemetry gets."""

    def __init__(self):
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.meters = MeterProvider([self.reader])

    @property
    def spans(self):
        assert flush()
        return self.exporter.get_finished_spans()

    def points(self, name):
        """Give the attributes of each point of a metric, and its value or count."""
        assert flush()
        data = json.loads(self.reader.get_metrics_data().to_json())
        metrics = [
            each for one in data["resource_metrics"] for scope in one["scope_metrics"] for each in scope["metrics"]
        ]
        points = [point for each in metrics if each["name"] == name for point in each["data"]["data_points"]]
        return [(point["attributes"], point.get("value", point.get("count"))) for point in points]


@pytest.fixture
def collected():
    collected = Collected()
    telemetry.instrument(tracer_provider=collected.tracers, meter_provider=collected.meters)
    yield collected
    telemetry.uninstrument()


def post(url):
    request = HttpRequest("POST", url, "renew the token", (), b"")
    return HttpSender(Guard("http://127.0.0.1/mcp"))(request)


def test_an_attempt_is_a_span_below_that_of_its_caller_with_what_happened_in_it(collected):
    with collected.tracers.get_tracer("caller").start_as_current_span("call a tool") as caller:
        World().engine(principal="alice@example.com").replace(None)
        assert flush()
    person, attempt, parent = collected.spans
    assert (attempt.name, attempt.parent.span_id) == ("valetkey attempt", caller.get_span_context().span_id)
    assert parent.name == "call a tool"
    assert (person.name, person.parent.span_id) == ("login in the browser", attempt.context.span_id)
    assert dict(attempt.attributes) == {"server.address": "mcp.example.com", "server.port": 443, "url.path": "/mcp"}
    happened = [event.name for event in attempt.events]
    assert happened == ["LoginStarted", "PersonAsked", "SessionSaved", "LoginEnded"]
    assert attempt.start_time <= person.start_time <= person.end_time <= attempt.end_time
    assert attempt.status.status_code is StatusCode.UNSET


def test_a_request_is_a_span_of_a_client_by_the_conventions(collected):
    with WireServer(lambda peer: peer.send(answer("401 Unauthorized"))) as server:
        source = listening.source_of(server_url="https://mcp.example.com/mcp")
        with listening.telling_of(source):
            post(f"{server.url}/s/Zk3jd8fKs03kfLw93kfs/token?key=Canary-1")
    request, attempt = collected.spans
    assert (request.name, request.kind, request.parent.span_id) == ("POST", SpanKind.CLIENT, attempt.context.span_id)
    assert dict(request.attributes) == {
        "http.request.method": "POST",
        "http.response.status_code": 401,
        "error.type": "401",
        "server.address": "127.0.0.1",
        "server.port": server.port,
        "url.path": "/s/…/token",
        "valetkey.purpose": "renew the token",
    }
    assert request.status.status_code is StatusCode.ERROR
    ((attributes, count),) = collected.points("http.client.request.duration")
    assert attributes.keys() == request.attributes.keys() - {"url.path", "valetkey.purpose"}
    assert count == 1


def test_a_request_outside_an_attempt_and_without_an_answer_is_a_span_too(collected):
    with WireServer(lambda peer: peer.send(answer())) as server:
        post(server.url)
    with pytest.raises(TemporaryError):
        post(server.url)
    good, bad = collected.spans
    assert (good.status.status_code, good.parent) == (StatusCode.UNSET, None)
    assert (bad.attributes["error.type"], "http.response.status_code" in bad.attributes) == ("no connection", False)


def test_an_attempt_that_fails_has_the_class_of_its_error(collected):
    with pytest.raises(AuthError):
        World(registers_clients=False).engine().replace(None)
    (attempt,) = collected.spans
    assert attempt.attributes["error.type"] == "Unsupported"
    assert attempt.status.status_code is StatusCode.ERROR
    assert attempt.status.description is None
    ((attributes, count),) = collected.points("valetkey.attempt.duration")
    assert (attributes["error.type"], count) == ("Unsupported", 1)
    ((attributes, count),) = collected.points("valetkey.logins")
    expected = {"valetkey.grant": "authorization_code", "valetkey.outcome": "failed", "error.type": "Unsupported"}
    assert (attributes, count) == (expected, 1)


def test_logins_renewals_and_refusals_are_counted(collected):
    world = World(token_life=100)
    engine = world.engine()
    engine.replace(None)
    world.clock.time += 1000
    engine.replace(None)
    world.clock.time += 1000
    world.server.has(TOKEN, 503)
    with pytest.raises(TemporaryError):
        engine.replace(None)
    world.clock.time += 1000
    world.server.has(TOKEN, (400, "application/json", '{"error": "invalid_grant"}'))
    world.person.denies = True
    for _ in range(2):
        with pytest.raises(AuthError):
            engine.replace(None)
    engine.logout()
    outcomes = [(each["valetkey.outcome"], count) for each, count in collected.points("valetkey.logins")]
    assert outcomes == [("logged in", 1), ("failed", 1)]
    outcomes = [(each["valetkey.outcome"], count) for each, count in collected.points("valetkey.renewals")]
    assert outcomes == [("renewed", 1), ("failed", 1), ("refused", 1)]
    refusals = {each["valetkey.refusal"]: count for each, count in collected.points("valetkey.refusals")}
    assert refusals == {"session ended": 1, "held back": 1}


def test_no_attribute_has_a_secret_or_the_name_of_a_user(collected):
    world = World(token_life=100, publishes_scopes=("read",))
    engine = world.engine(principal="alice@example.com", label="her-work")
    token = engine.replace(None)
    engine.replace(token, WANTS_WRITE)
    world.clock.time += 1000
    engine.replace(None)
    engine.logout()
    told = "".join(span.to_json() for span in collected.spans) + collected.reader.get_metrics_data().to_json()
    assert len(told) > 1000
    assert [text for text in {*world.server.secrets, "alice", "her-work"} if text in told] == []


def test_no_word_of_a_server_is_reported(collected):
    world = World(publishes_scopes=("read",))
    engine = world.engine()
    token = engine.replace(None)
    engine.replace(token, challenges('Bearer error="insufficient_scope", scope="write jane.doe@example.com"'))
    told = "".join(span.to_json() for span in collected.spans) + collected.reader.get_metrics_data().to_json()
    assert "StepUpWanted" in told
    assert "jane.doe" not in told


def test_instrumenting_again_replaces_the_providers_and_its_end_is_the_end(collected):
    other = Collected()
    telemetry.instrument(tracer_provider=other.tracers, meter_provider=other.meters)
    World().engine().replace(None)
    assert (len(other.spans), len(collected.spans)) == (2, 0)
    telemetry.uninstrument()
    telemetry.uninstrument()
    World().engine().replace(None)
    assert len(other.spans) == 2


def test_spans_whose_end_is_lost_stay_open_in_a_bounded_number(collected, monkeypatch):
    monkeypatch.setattr(telemetry, "_MOST_ATTEMPTS", 2)
    for _ in range(5):
        source = listening.source_of(server_url="https://mcp.example.com/mcp")
        source.tell("AttemptStarted", {})
    assert len(collected.spans) == 3
    source.tell("AttemptEnded", {"seconds": 1.0})
    source.tell("AttemptEnded", {"seconds": 1.0})
    assert len(collected.spans) == 4


def test_without_the_package_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(ConfigurationError, match="opentelemetry-api") as caught:
        telemetry.instrument()
    assert "valetkey[otel]" in caught.value.hint


def test_nothing_of_it_is_loaded_before_it_is_used():
    code = "import sys, valetkey.httpx2, valetkey.telemetry; print([n for n in sys.modules if 'opentelemetry' in n])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60, text=True)
    assert done.stdout.strip() == "[]"
