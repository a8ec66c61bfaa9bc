# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Judging the authorization server: its metadata, and whose it is."""

from collections.abc import Iterator, Mapping
from typing import Any

from valetkey import urls
from valetkey._cli.doctor.answers import is_gateway
from valetkey._cli.doctor.catalog import found
from valetkey._cli.doctor.facts import Exchange, Facts
from valetkey._cli.doctor.findings import Finding, Mark
from valetkey._cli.doctor.instead import came_instead, misnamed
from valetkey._cli.doctor.judging_servers import OF_FAILURES
from valetkey._cli.doctor.questions import media_type_of
from valetkey._cli.doctor.reading import SERVER_MEMBERS, document_in, leads_away, redirects_in, wrong_members
from valetkey._cli.doctor.shown import outcome_of, shown_url
from valetkey._policy.issuers import choose_issuers
from valetkey.errors import (
    AuthError,
    InsecureEndpoint,
    IssuerMismatch,
    MalformedDocument,
    ResourceMismatch,
    TemporaryError,
    Unsupported,
    quote,
)
from valetkey.profiles.profile import STANDARD
from valetkey.protocol.inner_address import inside_hint
from valetkey.protocol.listing import listed
from valetkey.protocol.mix_up import page_elsewhere
from valetkey.protocol.resource import require_usable
from valetkey.protocol.server import server_candidates, serves
from valetkey.values import MetadataSource
from valetkey.wire import NotReached

_MOST_ASKED = 6


def judge_server(facts: Facts) -> tuple[Finding, ...]:
    """Judge the metadata of the authorization server: whether it is there, its own, and complete."""
    if facts.target is None and facts.target_error is None:
        return ()
    return (*_identity(facts), *_completeness(facts), *_form(facts))


def _asked(facts: Facts) -> str:
    asked = facts.asked_for("server")
    return "; ".join(f"{shown_url(each.request.url)}: {outcome_of(each)}" for each in asked[:_MOST_ASKED])


def _identity(facts: Facts) -> Iterator[Finding]:
    if facts.target is None:
        if facts.target_error is not None and not _is_about_resource(facts):
            yield _refused(facts, facts.target_error)
        elif facts.server is not None:
            yield found("server_ok", f"{quote(facts.server.issuer)} publishes metadata.", _asked(facts))
        return
    server = facts.target.server
    if server.source is MetadataSource.GUESSED:
        yield _guessed(facts)
    elif server.source is MetadataSource.LEGACY:
        yield found("server_is_legacy", f"{quote(server.issuer)} has metadata of a login.", _asked(facts))
    elif server.source is MetadataSource.CONFIGURED:
        yield found("server_ok", f"The settings name {quote(server.issuer)} and its endpoints.")
    else:
        profile = facts.target.profile
        known = f" Valetkey has a profile of this provider: {profile.name}." if profile.name != STANDARD.name else ""
        yield found("server_ok", f"{quote(server.issuer)} publishes its metadata.{known}", _asked(facts))
    named = facts.issuer_named
    if named is not None and named != server.issuer and urls.same_issuer(named, server.issuer, strict=False):
        text = f"The MCP server names {quote(named)}, and the document {quote(server.issuer)}."
        yield found("issuer_differs_by_slash", text)
    if facts.resource is not None and not serves(server, facts.resource.resource):
        yield found("resource_not_listed", f"It lists {listed(server.protected_resources or ())}.")


def _guessed(facts: Facts) -> Finding:
    text, error = "No document says where to log in.", facts.rehearsal.error if facts.rehearsal is not None else None
    if error is None:
        return found("server_is_guessed", text, _asked(facts))
    return found("server_is_guessed", f"{text} Nothing is there.", _asked(facts), error.hint, Mark.FAULT)


def _is_about_resource(facts: Facts) -> bool:
    """Tell whether the engine has stopped at the metadata of the MCP server, before it asked the other one."""
    resource = facts.resource
    settings, challenge = facts.settings, facts.challenge
    if resource is None:
        is_announced = challenge is not None and challenge.get("resource_metadata") is not None
        is_pinned = settings is not None and settings.issuer is not None
        return facts.resource_error is not None or (is_announced and not is_pinned)
    if settings is not None and not choose_issuers(resource, settings.issuer):
        return True
    try:
        require_usable(resource)
    except Unsupported:
        return True
    return False


def _refused(facts: Facts, error: AuthError) -> Finding:
    text, client, asked = error.message, error.hint, _asked(facts)
    code = "issuer_insecure" if "?" in (facts.issuer or "") else "server_absent"
    if isinstance(error, IssuerMismatch):
        code = _of_mismatch(facts, error)
    elif isinstance(error, InsecureEndpoint):
        code = _of_insecure(facts, error)
    elif isinstance(error, ResourceMismatch):
        code = "resource_mismatch"
    elif isinstance(error, TemporaryError):
        code = _of_silence(facts, error)
    elif isinstance(error, MalformedDocument):
        code = "server_malformed"
    elif any(map(leads_away, facts.asked_for("server"))):
        code = "server_redirected_elsewhere"
    elif any(map(_lacks_issuer, facts.asked_for("server"))):
        return found("issuer_missing", f"It has no member issuer.{_instead_of_issuer(facts)}", asked, client)
    elif any(each.response is not None and is_gateway(each.response) for each in facts.asked_for("server")):
        return found("server_blocked", "A web page of a gateway came.", asked)
    elif _gives_no_codes(facts):
        code = "gives_no_codes"
    elif facts.misplaced_server is not None:
        return _misplaced(facts.misplaced_server, asked, client)
    elif code == "server_absent":
        text = f"{text}{came_instead(facts.asked_for('server'))}"
    return found(code, text, asked, client)


def _misplaced(exchange: Exchange, asked: str, client: str) -> Finding:
    """Tell metadata at a wrong place from the metadata, at its own place, of the issuer that should have been named."""
    place, named = exchange.request.url, document_in(exchange.response).get("issuer")
    if isinstance(named, str) and urls.is_endpoint(named) and place in server_candidates(named):
        text = f"{shown_url(place)} has the metadata of {quote(named)}."
        return found("issuer_is_another", text, asked, f"If you trust {quote(named)}, give it as issuer= to Valetkey.")
    return found("server_misplaced", f"It lies at {shown_url(place)}.", asked, client)


def _of_silence(facts: Facts, error: TemporaryError) -> str:
    """Tell what keeps the authorization server from answering."""
    asked = facts.asked_for("server")
    failure = next((each.failure for each in asked if each.failure is not None), None)
    if failure is not None and failure.kind in OF_FAILURES and failure.kind not in ("refused", "unreachable"):
        return OF_FAILURES[failure.kind]
    is_answered = any(each.status is not None for each in asked) and not isinstance(error, NotReached)
    return "server_unavailable" if is_answered else "server_unreachable"


def _instead_of_issuer(facts: Facts) -> str:
    return next(
        (text for each in facts.asked_for("server") if (text := misnamed(document_in(each.response), "issuer"))), ""
    )


def _of_mismatch(facts: Facts, error: IssuerMismatch) -> str:
    server = facts.server
    is_page = server is not None and page_elsewhere(server, "authorization_endpoint") is not None
    if is_page and server is not None and error.expected == server.issuer:
        return "page_of_another_server"
    return "server_behind_proxy" if inside_hint(error.expected or "", error.received or "") else "issuer_mismatch"


def _of_insecure(facts: Facts, error: InsecureEndpoint) -> str:
    """Tell an address from inside, a wrong issuer, a wrong endpoint, and what the guard has stopped from each other."""
    named_at = facts.resource.url if facts.resource is not None else facts.url
    if inside_hint(named_at, error.url) is not None or inside_hint(facts.issuer or "", error.url) is not None:
        return "server_behind_proxy"
    if urls.is_endpoint(error.url):
        return "server_forbidden"
    return "issuer_insecure" if error.url == facts.issuer else "endpoint_insecure"


def _lacks_issuer(exchange: Exchange) -> bool:
    document = document_in(exchange.response)
    return "token_endpoint" in document and not document.get("issuer")


def _gives_no_codes(facts: Facts) -> bool:
    responses = document_in(facts.server_document).get("response_types_supported")
    return isinstance(responses, list) and bool(responses) and "code" not in responses


def _completeness(facts: Facts) -> Iterator[Finding]:
    server = facts.server
    if server is None or server.source in (MetadataSource.GUESSED, MetadataSource.CONFIGURED):
        return
    document = document_in(facts.server_document)
    yield from _unheard(document)
    missing = [name for name in ("authorization_endpoint", "token_endpoint") if not document.get(name)]
    is_given = facts.target is not None and None not in (server.authorization_endpoint, server.token_endpoint)
    if missing and not is_given and not _needs_no_page(facts, missing):
        yield found("endpoints_absent", f"It has no {' and no '.join(missing)}.")
    if server.require_pushed_authorization_requests:
        yield found("wants_pushed_requests", "It says require_pushed_authorization_requests.")
    error = facts.rehearsal.error if facts.rehearsal is not None else None
    if isinstance(error, Unsupported) and "DPoP" in error.message:
        yield found("dpop_not_offered", error.message, client=error.hint)
    if facts.target is not None and isinstance(error, InsecureEndpoint):
        yield found("page_forbidden", error.message, client=error.hint)


def _unheard(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Judge what a server says that no part of a login reads: it shows at the login page only."""
    modes = document.get("response_modes_supported")
    if isinstance(modes, list) and modes and "query" not in modes:  # RFC 8414 §2: without the member, query is there
        named = [each for each in modes if isinstance(each, str)]
        yield found("query_unlisted", f"It lists {listed(named)}.")
    if document.get("require_signed_request_object") is True:  # RFC 9101 §10.5
        yield found("wants_signed_requests", "It says require_signed_request_object.")


def _needs_no_page(facts: Facts, missing: list[str]) -> bool:
    settings = facts.settings
    if settings is None or missing != ["authorization_endpoint"]:
        return False
    return settings.is_machine or settings.chosen_grant == "device_code"


def _form(facts: Facts) -> Iterator[Finding]:
    """Judge how the document is written and served."""
    response = facts.server_document
    if response is None:
        return
    wrong = wrong_members(response, SERVER_MEMBERS)
    if wrong:
        yield found("server_members_wrong", f"It is so for {', '.join(wrong)}.")
    if not media_type_of(response).endswith("json"):
        yield found("server_served_wrongly", f"It is served as {quote(media_type_of(response) or 'nothing', 60)}.")
    if response.url in redirects_in(facts.asked_for("server")):
        yield found("server_redirected", f"It was read from {shown_url(response.url)}.")
