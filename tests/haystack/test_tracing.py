# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Haystack's own tracing and logs show a login as they show everything else."""

import ast
import asyncio
import logging
from contextlib import contextmanager
from pathlib import Path

import pytest
from haystack.tracing import Span, Tracer, disable_tracing, enable_tracing

import haystack_integrations.tools.mcp_oauth as package
from haystack_integrations.tools.mcp_oauth._accounts.patience import replaced
from haystack_integrations.tools.mcp_oauth._accounts.tracing import ERROR, OPERATION, SERVER, tracing_login
from haystack_integrations.tools.mcp_oauth._mcp_session import http_client
from haystack_integrations.tools.mcp_oauth._mcp_session.failures import RequestRejected
from haystack_integrations.tools.mcp_oauth._mcp_session.http_client import plain_headers
from tests.fakes.world import World
from valetkey.errors import AuthError

SOURCE = Path(package.__file__).parent


class RecordedSpan(Span):
    def __init__(self, name, tags):
        self.name, self.tags, self.is_over = name, dict(tags or {}), False

    def set_tag(self, key, value):
        self.tags[key] = value


class RecordingTracer(Tracer):
    def __init__(self):
        self.spans = []

    @contextmanager
    def trace(self, operation_name, tags=None, parent_span=None):
        span = RecordedSpan(operation_name, tags)
        self.spans.append(span)
        try:
            yield span
        finally:
            span.is_over = True

    def current_span(self):
        return self.spans[-1] if self.spans else None


@pytest.fixture
def tracer():
    tracer = RecordingTracer()
    enable_tracing(tracer)
    yield tracer
    disable_tracing()


def another_token(world, **settings):
    asyncio.run(replaced(world.engine(**settings), RequestRejected(None, ()), None))


def test_the_wait_for_a_login_is_a_span(tracer):
    another_token(World())
    (span,) = tracer.spans
    assert (span.name, span.is_over) == (OPERATION, True)
    assert span.tags == {SERVER: "https://mcp.example.com/mcp"}


def test_what_may_be_a_secret_in_a_url_is_in_no_tag(tracer):
    with tracing_login("https://mcp.example.com/mcp?key=secret"):
        pass
    assert tracer.spans[0].tags == {SERVER: "https://mcp.example.com/mcp?key=…"}


def test_a_login_that_fails_has_the_class_of_its_error(tracer):
    with pytest.raises(AuthError):
        another_token(World(registers_clients=False))
    (span,) = tracer.spans
    assert (span.tags[ERROR], span.is_over) == ("Unsupported", True)


def test_without_a_tracer_nothing_is_traced(tracer):
    disable_tracing()
    another_token(World())
    assert tracer.spans == []


def test_a_record_of_the_log_is_haystacks_with_its_parts(caplog):
    with caplog.at_level(logging.WARNING, logger="haystack_integrations"):
        plain_headers({"X-Team": None})
    (record,) = caplog.records
    assert record.name == http_client.__name__
    assert record.getMessage() == "the header 'X-Team' has no value; it is sent empty"
    assert record.header == "X-Team"


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_module_has_a_logger_of_another_name(path):
    """`haystack.logging` configures the loggers below `haystack_integrations`, and wants keywords."""
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    made = [ast.unparse(call) for call in calls if ast.unparse(call.func) == "logging.getLogger"]
    assert made in ([], ["logging.getLogger(__name__)"])
