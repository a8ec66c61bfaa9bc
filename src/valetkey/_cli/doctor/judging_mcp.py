# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Judging whether what answers is an MCP server, and if not, what it is."""

from collections.abc import Callable

from valetkey import urls, wire
from valetkey._cli.doctor.answers import (
    hides_rejection,
    is_gateway,
    leads_to_sign_in,
    quoted_words,
    refuses_host,
    wants_key,
)
from valetkey._cli.doctor.catalog import found
from valetkey._cli.doctor.facts import Exchange, Facts
from valetkey._cli.doctor.findings import Finding, Mark
from valetkey._cli.doctor.questions import media_type_of, speaks_mcp
from valetkey._cli.doctor.reading import document_in
from valetkey._cli.doctor.shown import is_page, named_url, said, shown_url
from valetkey.errors import quote
from valetkey.protocol.error_response import retry_after
from valetkey.protocol.inner_address import inside_hint
from valetkey.protocol.server_words import later
from valetkey.wire import HttpResponse

Findings = tuple[Finding, ...]

_WRONG_PLACES = frozenset({"web_page", "not_found", "method_refused", "not_mcp"})


def judge_mcp(facts: Facts) -> Findings:
    """Judge whether what answers is an MCP server, and over which transport."""
    answer = facts.answer
    if answer is None or answer.response is None:
        return ()
    response, redirected = answer.response, _redirected(facts)
    if refuses_host(response):
        text = f"{facts.url} answers {response.status}: it does not take itself for that host."
        return (*redirected, found("host_refused", text, quoted_words(response)))
    if facts.wants_login:
        if facts.challenge is None and is_gateway(response) and (facts.target is None or facts.ends_in_a_guess):
            return (_gateway(response),)
        is_stream = answer.request.method == "GET"
        own = found("sse_only", "It refuses POST and wants a login for GET, as servers of HTTP+SSE do.", said(response))
        behind = found("mcp_behind_login", "It rejects calls without a token, so what it speaks is seen after a login.")
        return (*redirected, own if is_stream else behind)
    if any(speaks_mcp(each.response) for each in (answer, *facts.probes)):
        return (*redirected, _transport(answer, facts.probes))
    if any(each.worth is Mark.FAULT for each in redirected):
        return (_gateway(response),) if is_gateway(response) else redirected
    instead = _no_mcp(facts, response)
    if redirected and instead.kind.code in _WRONG_PLACES:
        return (_led_astray(facts, answer, instead),)
    return (*redirected, instead)


def _led_astray(facts: Facts, answer: Exchange, instead: Finding) -> Finding:
    last = facts.redirects[-1]
    what = "its sign-in page" if leads_to_sign_in(last) else "where no MCP server is"
    text = f"{facts.url} redirects to {named_url(last)}, {what}: it answers {answer.status}."
    return found("redirect_fruitless", text, instead.said, instead.client)


def _transport(answer: Exchange, probes: tuple[Exchange, ...]) -> Finding:
    speaking = next(each for each in (answer, *probes) if speaks_mcp(each.response))
    if speaking.request.method == "GET":
        text = "It answers GET with a stream of events and refuses POST: the older HTTP+SSE transport."
        return found("sse_only", text, said(answer.response, "allow"))
    return found("speaks_mcp", "It answers as an MCP server does.", said(speaking.response, "content-type"))


def _redirected(facts: Facts) -> Findings:
    if not facts.redirects or facts.settings is None:
        return ()
    last, url = facts.redirects[-1], facts.settings.server_url
    text = f"It redirects to {named_url(last)}."
    if urls.same_origin(last, url):
        return (found("redirected", text, client=f"Use {shown_url(last)}."),)
    if inside_hint(url, last) is not None:
        return (found("redirected_behind_proxy", text),)
    return (found("redirected_elsewhere", f"It redirects to another server, {named_url(last)}."),)


def _no_mcp(facts: Facts, response: HttpResponse) -> Finding:
    """Say what answers instead; the first row whose condition holds."""
    url, status = facts.url, response.status
    seconds = retry_after(response, now=None)
    wait = "" if seconds is None else later(seconds)
    words = quoted_words(response)
    rows: tuple[tuple[bool, Callable[[], Finding]], ...] = (
        (is_gateway(response), lambda: _gateway(response)),
        (300 <= status < 400, lambda: _fruitless(response, url)),
        (status == 402, lambda: found("payment_wanted", f"{url} answers 402.", words)),
        (
            status == 429,
            lambda: found(
                "rate_limited", f"{url} answers 429.", said(response, "retry-after"), f"Try again {wait or 'later'}."
            ),
        ),
        (status == 407, lambda: found("proxy_failed", f"{url} answers 407: a proxy on the way wants a login.", words)),
        (
            status >= 500 and status != 501,
            lambda: found("server_fails", f"{url} answers {status}.", words, wait and f"Try again {wait}."),
        ),
        (status == 403, lambda: found("mcp_behind_login", "It forbids the call, so what it speaks is not seen.")),
        (hides_rejection(response), lambda: found("mcp_behind_login", "It speaks of a missing login.")),
        (wants_key(response), lambda: found("mcp_behind_login", "It wants a key, so what it speaks is not seen.")),
        (is_page(response) and status < 400, lambda: _wrong_place("web_page", f"A web page answers at {url}.", facts)),
        (status in (404, 410), lambda: _wrong_place("not_found", f"Nothing is at {url}: it answers {status}.", facts)),
        (status == 405, lambda: _wrong_place("method_refused", f"{url} refuses POST and has no stream.", facts)),
    )
    for holds, make in rows:
        if holds:
            return make()
    media_type = media_type_of(response) or ("unknown" if response.body else "")
    what = f"with {quote(media_type, 60)}" if media_type else "without a body"
    return _wrong_place("not_mcp", f"{url} answers {status} {what}, and no message of MCP.", facts)


def _fruitless(response: HttpResponse, url: str) -> Finding:
    target = wire.redirect_target(response)
    where = f"to {named_url(target)}" if target is not None else "nowhere"
    return found("redirect_fruitless", f"{url} answers {response.status} and leads {where}.", said(response))


def _wrong_place(code: str, text: str, facts: Facts) -> Finding:
    """Name the right URL where the server's own metadata has it."""
    answer = facts.answer.response if facts.answer is not None else None
    resource = _named_resource(facts)
    client = f"Its metadata names {resource} as the MCP server: use that URL." if resource else ""
    if not client and facts.other_place is not None:
        client = f"An MCP server answers at {named_url(facts.other_place)}: use that URL."
    words = quoted_words(answer) if not is_page(answer) else ""
    return found(code, text, "; ".join(filter(None, (said(answer, "content-type", "allow"), words))), client)


def _named_resource(facts: Facts) -> str | None:
    """Give the URL of the MCP server by its own metadata, if it is another one at the same origin."""
    url = facts.settings.server_url if facts.settings is not None else ""
    for exchange in facts.asked_for("resource"):
        named = document_in(exchange.response).get("resource")
        if not isinstance(named, str) or not urls.is_endpoint(named) or not urls.same_origin(named, url):
            continue
        if urls.canonical_resource(named) != urls.canonical_resource(url):
            return named_url(named)
    return None


def _gateway(response: HttpResponse) -> Finding:
    target = wire.redirect_target(response)
    if target is not None:
        text = f"An access gateway sends the call to a sign-in page, {named_url(target)}."
        return found("access_gateway", text, said(response))
    return found("access_gateway", f"A page of a gateway answers with {response.status}.", said(response, "server"))
