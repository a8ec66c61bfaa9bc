# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Judging the first steps: the URL, the connection, whether it is MCP, whether it wants a login, its challenge."""

import re
from collections.abc import Callable

from valetkey import urls, wire
from valetkey._cli.doctor.catalog import found
from valetkey._cli.doctor.facts import Exchange, Facts, FailureKind
from valetkey._cli.doctor.findings import Finding
from valetkey._cli.doctor.questions import media_type_of, speaks_mcp
from valetkey._cli.doctor.reading import document_in
from valetkey._cli.doctor.shown import is_page, said, shown_url
from valetkey.errors import ConfigurationError, quote
from valetkey.protocol.challenge import BEARER, DPOP
from valetkey.protocol.error_response import retry_after
from valetkey.protocol.resource import announced_urls
from valetkey.protocol.server_words import later, words_of
from valetkey.wire import HttpResponse

Findings = tuple[Finding, ...]

_OF_FAILURES: dict[FailureKind, str] = {
    "refused": "connection_refused",
    "unreachable": "connection_failed",
    "certificate": "certificate_untrusted",
    "tls": "tls_failed",
    "client_certificate": "client_certificate_wanted",
    "proxy": "proxy_failed",
    "silent": "no_answer",
    "unreadable": "answer_unreadable",
    "spent": "no_answer",
}
_GATEWAY = re.compile(
    r"cloudflare|cf-ray|just a moment|attention required|captcha|akamai|incapsula|imperva|access denied|datadome|"
    r"cloudflareaccess|identity-aware proxy|sucuri|perimeterx|vercel authentication",
    re.IGNORECASE,
)
_GATEWAY_FIELDS = frozenset({"cf-ray", "cf-mitigated", "x-iinfo", "x-datadome", "akamai-grn", "x-sucuri-id"})
_SIGN_IN = re.compile(r"/(?:cdn-cgi/access|login|signin|sign-in|sso|saml|oauth2/(?:start|sign_in))\b", re.IGNORECASE)
_UNAUTHORIZED = re.compile(
    r"\bunauthori[sz]ed\b|\bnot authenticated\b|\bunauthenticated\b|authentication (?:is )?required|"
    r"(?:missing|invalid|no|expired)[ _](?:(?:access|bearer|auth(?:entication|orization)?)[ _])?"
    r"(?:token|credentials|authorization)|(?:log|sign)[ -]?in (?:is )?required",
    re.IGNORECASE,
)
_LONGEST_READ = 4000


def judge_url(facts: Facts) -> Findings:
    """Judge whether the URL and the settings can be used."""
    error = facts.settings_error
    if error is not None:
        code = "settings_wrong" if isinstance(error, ConfigurationError) else "url_refused"
        return (found(code, error.message, client=error.hint),)
    failure = facts.answer.failure if facts.answer is not None else None
    if failure is not None and failure.kind == "forbidden":
        return (found("url_refused", failure.error.message, client=failure.error.hint),)
    return (found("url_ok", f"{facts.url} can be used."),)


def judge_host(facts: Facts) -> Findings:
    """Judge whether the host has an address."""
    failure = facts.answer.failure if facts.answer is not None else None
    if facts.answer is None or (failure is not None and failure.kind == "forbidden"):
        return ()
    if failure is not None and failure.kind == "host":
        return (found("host_unknown", failure.error.message),)
    if facts.by_proxy:
        return (found("host_by_proxy", "A proxy of yours looks the host name up."),)
    kinds = " and ".join(facts.addresses or ())
    return (found("host_found", f"The host has {kinds}." if kinds else "The host has an address."),)


def judge_connection(facts: Facts) -> Findings:
    """Judge whether a connection comes about, and an answer."""
    answer = facts.answer
    if answer is None:
        return ()
    if answer.failure is None:
        is_https = answer.request.url.lower().startswith("https:")
        how = "over https, with a good certificate" if is_https else "over http on this computer"
        return (found("connected", f"The server answers {how}, in {answer.seconds * 1000:.0f} ms."),)
    if answer.failure.kind in ("forbidden", "host"):
        return ()
    return (found(_OF_FAILURES[answer.failure.kind], answer.failure.error.message, client=answer.failure.error.hint),)


def judge_mcp(facts: Facts) -> Findings:
    """Judge whether what answers is an MCP server, and over which transport."""
    answer = facts.answer
    if answer is None or answer.response is None:
        return ()
    response, redirected = answer.response, _redirected(facts)
    if facts.wants_login:
        is_stream = answer.request.method == "GET"
        own = found("sse_only", "It refuses POST and wants a login for GET, as servers of HTTP+SSE do.", said(response))
        behind = found("mcp_behind_login", "It rejects calls without a token, so what it speaks is seen after a login.")
        return (*redirected, own if is_stream else behind)
    if any(speaks_mcp(each.response) for each in (answer, *facts.probes)):
        return (*redirected, _transport(answer, facts.probes))
    if any(each.kind.code == "redirected_elsewhere" for each in redirected):
        return (_gateway(response),) if _is_gateway(response) else redirected
    return (*redirected, _no_mcp(facts, response))


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
    if urls.same_origin(last, url):
        client = f"Use {shown_url(last)}."
        return (found("redirected", f"It redirects to {quote(shown_url(last))}.", client=client),)
    return (found("redirected_elsewhere", f"It redirects to another server, {quote(shown_url(last))}."),)


def _no_mcp(facts: Facts, response: HttpResponse) -> Finding:
    """Say what answers instead; the first row whose condition holds."""
    url, status = facts.url, response.status
    wait = retry_after(response, now=None)
    words = quote(words_of(response) or "", 160)
    rows: tuple[tuple[bool, Callable[[], Finding]], ...] = (
        (_is_gateway(response), lambda: _gateway(response)),
        (status == 402, lambda: found("payment_wanted", f"{url} answers 402.", words)),
        (
            status == 429,
            lambda: found(
                "rate_limited", f"{url} answers 429.", said(response, "retry-after"), f"Try again {later(wait)}."
            ),
        ),
        (status >= 500 and status != 501, lambda: found("server_fails", f"{url} answers {status}.", words)),
        (status == 403, lambda: found("mcp_behind_login", "It forbids the call, so what it speaks is not seen.")),
        (_hides_rejection(response), lambda: found("mcp_behind_login", "It speaks of a missing login.")),
        (is_page(response) and status < 400, lambda: _wrong_place("web_page", f"A web page answers at {url}.", facts)),
        (status in (404, 410), lambda: _wrong_place("not_found", f"Nothing is at {url}: it answers {status}.", facts)),
        (status == 405, lambda: _wrong_place("method_refused", f"{url} refuses POST and has no stream.", facts)),
    )
    for holds, make in rows:
        if holds:
            return make()
    what = quote(media_type_of(response) or "nothing", 60)
    return _wrong_place("not_mcp", f"{url} answers {status} with {what}, and no message of MCP.", facts)


def _wrong_place(code: str, text: str, facts: Facts) -> Finding:
    """Name the right URL where the server's own metadata has it."""
    answer = facts.answer.response if facts.answer is not None else None
    resource = _named_resource(facts)
    client = f"Its metadata names {resource} as the MCP server: use that URL." if resource else ""
    return found(code, text, said(answer, "content-type", "allow"), client)


def _named_resource(facts: Facts) -> str | None:
    """Give the URL of the MCP server by its own metadata, if it is another one at the same origin."""
    url = facts.settings.server_url if facts.settings is not None else ""
    for exchange in facts.asked_for("resource"):
        named = document_in(exchange.response).get("resource")
        if not isinstance(named, str) or not urls.is_endpoint(named) or not urls.same_origin(named, url):
            continue
        if urls.canonical_resource(named) != urls.canonical_resource(url):
            return quote(shown_url(named))
    return None


def _wait(response: HttpResponse) -> str:
    return said(response, "retry-after")


def _is_gateway(response: HttpResponse) -> bool:
    target = wire.redirect_target(response)
    if target is not None:
        return not urls.same_origin(target, response.url) and bool(_SIGN_IN.search(target) or _GATEWAY.search(target))
    if response.status not in (403, 406, 429, 503) or not is_page(response):
        return False
    has_field = any(name.lower() in _GATEWAY_FIELDS for name, _ in response.headers)
    return has_field or _GATEWAY.search(_beginning(response)) is not None


def _gateway(response: HttpResponse) -> Finding:
    target = wire.redirect_target(response)
    if target is not None:
        text = f"An access gateway sends the call to a sign-in page, {quote(shown_url(target))}."
        return found("access_gateway", text, said(response))
    return found("access_gateway", f"A page of a gateway answers with {response.status}.", said(response, "server"))


def _hides_rejection(response: HttpResponse) -> bool:
    if response.status in (401, 403) or is_page(response):
        return False
    return _UNAUTHORIZED.search(_beginning(response)) is not None


def _beginning(response: HttpResponse) -> str:
    return response.body[:_LONGEST_READ].decode("utf-8", "replace")


def judge_rejection(facts: Facts) -> Findings:
    """Judge whether a login is wanted, and whether the server says so as it must."""
    response = facts.answer.response if facts.answer is not None else None
    if response is None:
        return ()
    if facts.wants_login:
        if response.status == 403:
            return (found("forbidden_with_challenge", "It answers 403 with a challenge.", said(response)),)
        return (found("login_wanted", "It answers 401: a login is wanted.", said(response)),)
    if facts.offers_login:
        return (found("login_offered", "It answers without a login, and publishes where one is possible."),)
    if response.status == 403 and not _is_gateway(response):
        return (found("forbidden", "It answers 403 without a challenge.", _words(response)),)
    hiding = next((each for each in _answers(facts) if _hides_rejection(each)), None)
    if hiding is not None:
        return (
            found("rejection_hidden", f"It answers {hiding.status} and speaks of a missing login.", _words(hiding)),
        )
    if any(speaks_mcp(each) for each in _answers(facts)):
        return (found("login_not_needed", "It answers without a login."),)
    return ()


def _answers(facts: Facts) -> tuple[HttpResponse, ...]:
    exchanges = (facts.answer, *facts.probes)
    return tuple(each.response for each in exchanges if each is not None and each.response is not None)


def _words(response: HttpResponse) -> str:
    document = wire.json_object(response) or {}
    error = document.get("error")
    inner = error.get("message") if isinstance(error, dict) else None
    words = inner if isinstance(inner, str) else words_of(response)
    return f"{response.status}: {quote(words, 200)}" if words else str(response.status)


def judge_challenge(facts: Facts) -> Findings:
    """Judge the challenge of the rejection, by the grammar and by what it has to say."""
    response = facts.answer.response if facts.answer is not None else None
    if not facts.wants_login or response is None or facts.settings is None:
        return ()
    raw = [value for name, value in response.headers if name.lower() == "www-authenticate"]
    if not raw:
        return (found("challenge_absent", f"The {response.status} has no WWW-Authenticate field."),)
    quoted, challenge = said(response, "www-authenticate"), facts.challenge
    faults = [found("challenge_malformed", text, quoted) for text in _grammar(raw, facts)]
    if challenge is None:
        schemes = ", ".join(quote(each.scheme, 40) for each in facts.challenges)
        if not facts.challenges:
            return tuple(faults) or (found("challenge_malformed", "The field has no challenge.", quoted),)
        return (*faults, found("challenge_of_another_scheme", f"It is for {schemes} only.", quoted))
    named = challenge.get_all("resource_metadata")
    if not named:
        faults.append(found("challenge_without_metadata", "It has no resource_metadata.", quoted))
    if len(named) > 1:
        faults.append(found("challenge_repeats_itself", "It names resource_metadata more than once.", quoted))
    for reference, url in zip(named, announced_urls(facts.settings.server_url, named), strict=True):
        if url is None:
            faults.append(found("challenge_address_unusable", f"It names {quote(reference)}, which is no URL.", quoted))
        elif url != urls.without_fragment(reference):
            faults.append(found("challenge_address_relative", f"It names {quote(reference)}.", quoted))
    return tuple(faults) or (
        found("challenge_ok", f"It is for {_scheme(challenge.scheme)}, and names the metadata.", quoted),
    )


def _scheme(scheme: str) -> str:
    return {BEARER: "Bearer", DPOP: "DPoP"}.get(scheme, scheme)


_SEMICOLON = re.compile(r";\s*[A-Za-z_]+\s*=")
_IN_QUOTES = re.compile(r'"(?:[^"\\]|\\.)*"')


def _grammar(raw: list[str], facts: Facts) -> tuple[str, ...]:
    """Say what in the fields does not follow RFC 9110 §11."""
    outside = [_IN_QUOTES.sub('""', value[:_LONGEST_READ]) for value in raw]
    faults = []
    if any(_SEMICOLON.search(value) for value in outside):
        faults.append("A semicolon stands between its parameters, where a comma belongs.")
    if any('"' in value.replace('""', "") for value in outside):
        faults.append("A quoted text in it does not end.")
    named = sum(value.count("resource_metadata") for value in raw)
    read = sum(len(each.get_all("resource_metadata")) for each in facts.challenges)
    if named > read and not faults:
        faults.append("Its resource_metadata cannot be read.")
    return tuple(faults)
