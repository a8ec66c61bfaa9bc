# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The wait for another token as a span of Haystack's own tracing, below that of the tool's call."""

from collections.abc import Iterator
from contextlib import contextmanager

from haystack.tracing.tracer import is_tracing_enabled, tracer

from valetkey.errors.copies import without_secrets

OPERATION = "haystack.mcp_oauth.login"
SERVER, ERROR = f"{OPERATION}.server", f"{OPERATION}.error"
"""The tags: the MCP server without the values of its query, and the class of an error."""


@contextmanager
def tracing_login(server_url: str) -> Iterator[None]:
    """Trace what the block waits for, if a tracer of Haystack is on."""
    if not is_tracing_enabled():
        yield
        return
    with tracer.trace(OPERATION, tags={SERVER: without_secrets(server_url, server_url)}) as span:
        try:
            yield
        except BaseException as error:
            span.set_tag(ERROR, type(error).__name__)
            raise
