# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Asking an MCP server itself: where it is, what it speaks, whether it wants a login."""

from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from valetkey import urls
from valetkey._cli.doctor import questions
from valetkey._cli.doctor.facts import Exchange
from valetkey._cli.doctor.recorder import Recorder
from valetkey._engine.explicit_login import MOST_QUESTIONS
from valetkey._network.addresses import kind_of
from valetkey._network.proxies import proxy_of
from valetkey._network.resolver import Resolve, addresses_of
from valetkey.errors import ConfigurationError
from valetkey.protocol.challenge import challenge_to_answer, parse_challenges
from valetkey.protocol.ping import ping_request, redirection, wants_login
from valetkey.settings.settings import Settings
from valetkey.wire import HttpResponse

_LOOKUP_SECONDS = 5.0


def look_up(settings: Settings, resolve: Resolve | None) -> dict[str, Any]:
    """Look the host up, if no proxy does that; give what is known of its addresses as facts."""
    by_proxy, parts = False, urlsplit(settings.server_url)
    with suppress(ConfigurationError):
        chosen = settings.network.proxy if settings.network is not None else None
        by_proxy = proxy_of(settings.server_url, chosen) is not None
    if resolve is None or by_proxy:
        return {"by_proxy": by_proxy}
    try:
        found = addresses_of(parts.hostname or "", parts.port or 443, resolve, _LOOKUP_SECONDS)
    except OSError:  # also TimeoutError; the first request says so too
        return {"addresses": ()}
    return {"addresses": tuple(dict.fromkeys(kind_of(address).value for address in found))}


def ask_mcp_server(settings: Settings, recorder: Recorder) -> dict[str, Any]:
    """Ask as a login by name does: a ping, at the address it redirects to within its origin."""
    url = settings.server_url
    redirects: list[str] = []
    answer = recorder.exchange(ping_request(url, None))
    for _ in range(MOST_QUESTIONS - 1):
        target = redirection(answer.response) if answer.response is not None else None
        if target is None:
            break
        redirects.append(target)
        if not urls.same_origin(target, settings.server_url):
            break
        url = target
        answer = recorder.exchange(ping_request(url, None))
    probes = _probes(url, answer, recorder)
    answer = next((probe for probe in probes if is_rejection(probe.response)), answer)
    is_server = is_rejection(answer.response) or any(questions.speaks_mcp(each.response) for each in (answer, *probes))
    challenges = parse_challenges(challenge_fields(answer.response))
    return {
        "answer": answer,
        "probes": probes,
        "redirects": tuple(redirects),
        "challenges": challenges,
        "challenge": challenge_to_answer(challenges, prefers_dpop=settings.dpop is True),
        "wants_login": is_rejection(answer.response),
        "other_place": None if is_server else _other_place(settings.server_url, answer, recorder),
    }


def _other_place(url: str, answer: Exchange, recorder: Recorder) -> str | None:
    """Look whether an MCP server answers at the usual paths of the same origin, where none is at the URL."""
    if answer.response is None or answer.response.status not in questions.MCP_STATUSES:
        return None
    base = urls.without_last_slash(urls.canonical_resource(url)).partition("?")[0]
    for place in dict.fromkeys((f"{base}/mcp", f"{urls.origin(url)}/mcp")):
        if place == base or not urls.is_endpoint(place):
            continue
        response = recorder.exchange(ping_request(place, None)).response
        if is_rejection(response) or questions.speaks_mcp(response):
            return place
    stream = f"{urls.origin(url)}/sse"  # where servers of HTTP+SSE are
    response = recorder.exchange(questions.stream_request(stream)).response if stream != base else None
    return stream if is_rejection(response) or questions.speaks_mcp(response) else None


def _probes(url: str, answer: Exchange, recorder: Recorder) -> tuple[Exchange, ...]:
    """Find out whether it is MCP, and of which transport, where the answer to the ping does not say it."""
    response = answer.response
    if response is None or _is_answered(response) or response.status not in questions.MCP_STATUSES:
        return ()
    begun = recorder.exchange(questions.initialize_request(url))
    if _is_answered(begun.response):
        session_id = begun.response.header("Mcp-Session-Id") if begun.response is not None else None
        if session_id and session_id.isascii() and session_id.isprintable():
            recorder.exchange(questions.end_request(url, session_id))
        return (begun,)
    if is_rejection(begun.response):
        return (begun,)
    return begun, recorder.exchange(questions.stream_request(url))


def _is_answered(response: HttpResponse | None) -> bool:
    """Tell whether MCP answers; 405 says that POST is refused here, in whatever words, and a stream may be served."""
    return questions.speaks_mcp(response) and response is not None and response.status != 405


def is_rejection(response: HttpResponse | None) -> bool:
    """Tell whether an answer wants a login."""
    return response is not None and wants_login(response, parse_challenges(challenge_fields(response)))


def challenge_fields(response: HttpResponse | None) -> list[str]:
    """Give the WWW-Authenticate fields of an answer."""
    headers = response.headers if response is not None else ()
    return [value for name, value in headers if name.lower() == "www-authenticate"]
