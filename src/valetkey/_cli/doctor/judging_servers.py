# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Judging the first steps: the URL, the connection, and whether the server wants a login."""

from valetkey import wire
from valetkey._cli.doctor.answers import hides_rejection, is_gateway, refuses_host, wants_key
from valetkey._cli.doctor.catalog import found
from valetkey._cli.doctor.facts import Facts, FailureKind
from valetkey._cli.doctor.findings import Finding, Mark
from valetkey._cli.doctor.questions import speaks_mcp
from valetkey._cli.doctor.shown import is_page, said
from valetkey.errors import ConfigurationError, quote
from valetkey.protocol.server_words import words_of
from valetkey.wire import HttpResponse

Findings = tuple[Finding, ...]

OF_FAILURES: dict[FailureKind, str] = {
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
_SLOW_SECONDS = 4.0
_BY_NAME = "Log in by name: valetkey login URL. A program starts no login after such an answer."


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
        code = "connected" if answer.seconds < _SLOW_SECONDS else "answers_slowly"
        return (found(code, f"The server answers {how}, in {answer.seconds * 1000:.0f} ms."),)
    if answer.failure.kind in ("forbidden", "host"):
        return ()
    error, kind = answer.failure.error, answer.failure.kind
    if isinstance(error, ConfigurationError):  # nothing was sent: a file or a proxy of this computer cannot be used
        return (found("settings_wrong", error.message, client=error.hint),)
    if kind == "silent" and facts.by_proxy:
        client = f"{error.hint} If it stays so, check the proxy (HTTPS_PROXY), or name the server in NO_PROXY."
        return (found("no_answer", f"{error.message} A proxy of yours is on the way.", client=client),)
    is_plain = kind in ("refused", "unreachable", "tls")  # the finding says more than "check the network"
    return (found(OF_FAILURES[kind], error.message, client="" if is_plain else error.hint),)


def judge_rejection(facts: Facts) -> Findings:
    """Judge whether a login is wanted, and whether the server says so as it must."""
    response = facts.answer.response if facts.answer is not None else None
    if response is None:
        return ()
    if facts.wants_login:
        wanted = found("login_wanted", "It answers 401: a login is wanted.", said(response))
        if response.status == 403:
            wanted = found("forbidden_with_challenge", "It answers 403 with a challenge.", said(response))
        has_login = facts.resource is not None or (facts.target is not None and not facts.ends_in_a_guess)
        return (wanted,) if has_login or not wants_key(response) else (wanted, _key_wanted(response))
    if facts.offers_login and response.status == 403:
        return (found("forbidden_offers_login", "It answers 403 without a challenge.", _words(response)),)
    hiding = next((each for each in _answers(facts) if hides_rejection(each)), None)
    if facts.offers_login and hiding is not None:
        text = f"It answers {hiding.status}, speaks of a missing login, and publishes one."
        return (found("rejection_hidden", text, _words(hiding), _BY_NAME, Mark.WARNING),)
    if facts.offers_login:
        answers = "It answers without a login, and" if any(map(speaks_mcp, _answers(facts))) else "It"
        return (found("login_offered", f"{answers} publishes where one is possible."),)
    if refuses_host(response):
        return ()
    if wants_key(response):
        return (_key_wanted(response),)
    if response.status == 403 and not is_gateway(response):
        what = "with a web page, as a firewall before a server does" if is_page(response) else "without a challenge"
        return (found("forbidden", f"It answers 403 {what}.", _words(response)),)
    if hiding is not None:
        return (
            found("rejection_hidden", f"It answers {hiding.status} and speaks of a missing login.", _words(hiding)),
        )
    if any(speaks_mcp(each) for each in _answers(facts)):
        return (found("login_not_needed", "It answers without a login; a tool of it may want one all the same."),)
    return ()


def _key_wanted(response: HttpResponse) -> Finding:
    return found(
        "key_wanted", f"It answers {response.status}, speaks of a key and publishes no login.", _words(response)
    )


def _answers(facts: Facts) -> tuple[HttpResponse, ...]:
    exchanges = (facts.answer, *facts.probes)
    return tuple(each.response for each in exchanges if each is not None and each.response is not None)


def _words(response: HttpResponse) -> str:
    document = wire.json_object(response) or {}
    error = document.get("error")
    inner = error.get("message") if isinstance(error, dict) else None
    words = inner if isinstance(inner, str) else words_of(response)
    return f"{response.status}: {quote(words, 200)}" if words else str(response.status)
