# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Judging the endpoints of an authorization server, and PKCE."""

from collections.abc import Sequence

from valetkey import urls
from valetkey._cli.doctor.catalog import found
from valetkey._cli.doctor.facts import Exchange, Facts, FailureKind
from valetkey._cli.doctor.findings import Finding, Mark
from valetkey._cli.doctor.instead import lack_of
from valetkey._cli.doctor.reading import document_in
from valetkey._cli.doctor.shown import shown_url
from valetkey.protocol.error_response import ABSENT_STATUSES
from valetkey.protocol.inner_address import inside_hint
from valetkey.protocol.listing import listed
from valetkey.values import MetadataSource, ServerMetadata

_AWAY = frozenset({502, 503, 504})
"""What a gateway says of a server behind it. Endpoints for POST answer a GET with anything, 404 and 500 too."""
_NO_CONNECTION: frozenset[FailureKind] = frozenset(
    {"host", "refused", "unreachable", "certificate", "tls", "forbidden"}
)


def unreachable_token_endpoint(asked: Sequence[Exchange], server: ServerMetadata) -> Exchange | None:
    """Give the question to the token endpoint if no connection came about: no browser reaches it instead."""
    tried = (each for each in asked if each.request.url == server.token_endpoint)
    return next((each for each in tried if each.failure is not None and each.failure.kind in _NO_CONNECTION), None)


def judge_endpoints(facts: Facts) -> tuple[Finding, ...]:
    """Judge whether the endpoints answer at all; they were asked without any parameter."""
    server = facts.server
    asked = [each for each in facts.endpoints if each.failure is None or each.failure.kind != "spent"]
    if server is None or not asked:
        return ()
    faults = tuple(filter(None, (_endpoint_fault(each, server) for each in asked)))
    if faults:
        return faults
    hosts = ", ".join(dict.fromkeys(urls.origin(each.request.url) for each in asked))
    return (found("endpoints_answer", f"The endpoints at {hosts} answer."),)


def _endpoint_fault(exchange: Exchange, server: ServerMetadata) -> Finding | None:
    place = shown_url(exchange.request.url)
    if exchange.failure is not None:
        error = exchange.failure.error
        if exchange.failure.kind == "forbidden":
            is_inside = inside_hint(server.issuer, exchange.request.url) is not None
            return found("server_behind_proxy" if is_inside else "server_forbidden", error.message, client=error.hint)
        mark = Mark.FAULT if exchange is unreachable_token_endpoint((exchange,), server) else None
        return found("endpoint_silent", error.message, client=error.hint, mark=mark)
    is_page = exchange.request.url == server.authorization_endpoint
    if is_page and exchange.status in ABSENT_STATUSES:
        return found("login_page_missing", f"{place} answers {exchange.status}.")
    if exchange.status in _AWAY:
        return found("endpoint_silent", f"{place} answers {exchange.status}.")
    return None


def judge_pkce(facts: Facts) -> tuple[Finding, ...]:
    """Judge whether PKCE with S256 is announced."""
    server = facts.server
    if server is None or facts.settings is None or facts.settings.is_machine or facts.ends_in_a_guess:
        return ()
    methods = server.code_challenge_methods_supported
    if "S256" in (methods or ()):
        return (found("pkce_ok", "S256 is announced."),)
    if server.source in (MetadataSource.GUESSED, MetadataSource.CONFIGURED):
        return (found("pkce_used", "There is no document that could announce it, so a login just uses S256."),)
    if facts.target is not None and facts.target.profile.assume_pkce:
        return (found("pkce_assumed", "It is known that the server has S256."),)
    if methods is not None:
        return (found("pkce_without_s256", f"It offers {listed(methods)}."),)
    text = lack_of(document_in(facts.server_document), "code_challenge_methods_supported")
    return (found("pkce_unannounced", text),)
