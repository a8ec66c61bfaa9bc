# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Telling of a request and its answer; loaded when something listens. A fault in it ends no login."""

import logging

from valetkey.errors.redaction import redacting
from valetkey.events.listening import tell
from valetkey.events.messages import plain_url, query_message, request_message, response_message, secrets_of
from valetkey.wire import HttpRequest, HttpResponse

_logger = logging.getLogger("valetkey")


def tell_exchange(request: HttpRequest, response: HttpResponse | None, outcome: str, seconds: float) -> None:
    """Tell of a request that was sent, or was not."""
    try:
        _tell(request, response, outcome, seconds)
    except Exception as error:  # noqa: BLE001 - a server may send what nobody has thought of
        _logger.warning("a request is not told to those who listen: %r", error)


def _tell(request: HttpRequest, response: HttpResponse | None, outcome: str, seconds: float) -> None:
    with redacting(*secrets_of(request, response)):
        tell(
            "RequestSent",
            method=request.method,
            url=plain_url(request.url),
            purpose=request.purpose,
            status=None if response is None else response.status,
            outcome=outcome,
            seconds=seconds,
            request=request_message(request),
            response=None if response is None else response_message(response),
        )


def tell_link(url: str, method: str, outcome: str, seconds: float) -> None:
    """Tell of a link that a person has opened, or should have."""
    tell(
        "RequestSent",
        method=method,
        url=plain_url(url),
        purpose="let the person log in",
        status=None,
        outcome=outcome,
        seconds=seconds,
        request=query_message(url),
    )
