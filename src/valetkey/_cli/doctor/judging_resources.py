# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Judging what an MCP server publishes of itself (RFC 9728)."""

from collections.abc import Iterator
from typing import Any

from valetkey import urls
from valetkey._cli.doctor.answers import is_gateway
from valetkey._cli.doctor.catalog import found
from valetkey._cli.doctor.facts import Facts
from valetkey._cli.doctor.findings import Finding, Mark
from valetkey._cli.doctor.instead import came_instead, misnamed
from valetkey._cli.doctor.questions import media_type_of
from valetkey._cli.doctor.reading import RESOURCE_MEMBERS, document_in, leads_away, redirects_in, wrong_members
from valetkey._cli.doctor.shown import named_url, outcome_of, shown_url
from valetkey._policy.issuers import is_whole_url
from valetkey.errors import (
    AuthError,
    InsecureEndpoint,
    MalformedDocument,
    ResourceMismatch,
    TemporaryError,
    Unsupported,
    quote,
)
from valetkey.protocol.inner_address import inside_hint
from valetkey.protocol.listing import listed
from valetkey.protocol.resource import require_usable
from valetkey.settings.settings import Settings
from valetkey.values import ResourceMetadata

_MOST_ASKED = 6


def judge_resource(facts: Facts) -> tuple[Finding, ...]:
    """Judge the metadata: whether it is there, about this server, and of use."""
    settings = facts.settings
    if settings is None or facts.answer is None or facts.answer.response is None:
        return ()
    if not (facts.wants_login or facts.offers_login or facts.resource or facts.resource_error):
        return ()
    if facts.resource_error is not None:
        return (_refused(facts, settings, facts.resource_error), *_form(facts))
    if facts.resource is None:
        return tuple(_absent(facts))
    return (*_found(facts, settings, facts.resource), *_form(facts))


def _asked(facts: Facts) -> str:
    asked = facts.asked_for("resource")
    lines = [f"{shown_url(each.request.url)}: {outcome_of(each)}" for each in asked[:_MOST_ASKED]]
    return "; ".join(lines)


def _refused(facts: Facts, settings: Settings, error: AuthError) -> Finding:
    text, client, asked = error.message, error.hint, _asked(facts)
    if isinstance(error, ResourceMismatch):
        is_inside = inside_hint(settings.server_url, error.received) is not None
        client = _meant(settings.server_url, error.received) or client
        return found("resource_behind_proxy" if is_inside else "resource_mismatch", text, asked, client)
    if isinstance(error, InsecureEndpoint):
        is_inside = inside_hint(settings.server_url, error.url) is not None
        return found("resource_behind_proxy" if is_inside else "resource_insecure", text, asked, client)
    if isinstance(error, TemporaryError):
        return found("resource_unavailable", text, asked, client)
    if isinstance(error, MalformedDocument) and error.member is not None:
        return found("resource_malformed", text, asked, client)
    if isinstance(error, Unsupported) and any(map(leads_away, facts.asked_for("resource"))):
        return found("resource_redirected_elsewhere", text, asked, client)
    return found("resource_unreadable", text, asked, client)


def _meant(asked: str, named: str) -> str:
    """Say which URL is meant, where a server names another one of its own, or of this computer."""
    if not urls.is_endpoint(named):
        return ""
    if urls.is_loopback(asked) and urls.is_loopback(named):
        return f"Use {shown_url(named)} as the URL: another name of this computer is another resource."
    if urls.same_origin(asked, named):
        return f"Check the server's URL: if {shown_url(named)} is meant, use that; else tell its operator."
    return ""


def _absent(facts: Facts) -> Iterator[Finding]:
    asked = _asked(facts)
    places = [each for each in facts.misplaced if "authorization_servers" in document_in(each.response)]
    for exchange in places:
        yield found("resource_misplaced", f"It lies at {shown_url(exchange.request.url)}.", asked)
    announced = facts.challenge.get_all("resource_metadata") if facts.challenge is not None else ()
    documents = [document_in(each.response) for each in facts.asked_for("resource")]
    mark = None if facts.target is None else Mark.WARNING
    if any("authorization_servers" in each and not each.get("resource") for each in documents):
        yield found("resource_unnamed", "It has no member resource.", asked, mark=mark)
    elif any(each.response is not None and is_gateway(each.response) for each in facts.asked_for("resource")):
        yield found("resource_blocked", "A web page of a gateway came.", asked, mark=mark)
    elif announced and facts.target is None:
        text = f"The challenge announces it, and none can be read.{came_instead(facts.asked_for('resource'))}"
        yield found("resource_unreadable", text, asked)
    elif not places:
        yield found("resource_absent", "The server publishes none.", asked)


def _found(facts: Facts, settings: Settings, resource: ResourceMetadata) -> Iterator[Finding]:
    text = f"It is at {shown_url(resource.url)}, and names {named_url(resource.resource)}."
    named = [quote(issuer) for issuer in resource.authorization_servers]
    faults = list(_faults(facts, settings, resource))
    if named:
        text = f"{text} The login is at {listed(resource.authorization_servers)}."
    if not any(each.kind.mark == "fault" for each in faults):
        yield found("resource_ok", text)
    yield from faults


def _faults(facts: Facts, settings: Settings, resource: ResourceMetadata) -> Iterator[Finding]:
    asked = facts.asked_for("resource")
    place = asked[0].request.url if asked else resource.url
    identifier = urls.canonical_resource(settings.server_url)
    is_announced = facts.challenge is not None and facts.challenge.get("resource_metadata") is not None
    known = {urls.insert_well_known(base, "oauth-protected-resource") for base in (identifier, urls.origin(identifier))}
    if is_announced and place != resource.url:
        text = f"It was announced elsewhere, and lies at {shown_url(resource.url)}.{came_instead(asked[:1])}"
        yield found("resource_elsewhere", text, _asked(facts))
    elif not is_announced and resource.url not in known:
        yield found("resource_elsewhere", f"It lies at {shown_url(resource.url)}.", _asked(facts))
    is_elsewhere = not is_announced and resource.url not in known
    yield from _spelling(resource.resource, identifier, is_elsewhere=is_elsewhere)
    usable = [issuer for issuer in resource.authorization_servers if is_whole_url(issuer)]
    if not usable and settings.issuer is None:
        text = "What it lists is no URL."
        if not resource.authorization_servers:
            text = f"It lists none.{misnamed(_document_at(facts, resource.url), 'authorization_servers')}"
        yield found("resource_without_server", text, listed(resource.authorization_servers))
    unusable = [issuer for issuer in resource.authorization_servers if issuer not in usable]
    if usable and unusable:
        yield found("resource_members_wrong", f"It is so for {listed(unusable)} in authorization_servers: no URL.")
    distinct = dict.fromkeys(each.removesuffix("/") for each in usable)
    if len(distinct) > 1 and settings.issuer is None:
        yield found("resource_names_several", f"It names {listed(resource.authorization_servers)}.{_passed(facts)}")
    try:
        require_usable(resource)
    except Unsupported as error:
        is_mtls = _wants_certificates(_document_at(facts, resource.url))
        yield found("resource_wants_certificates" if is_mtls else "resource_unusable", error.message, client=error.hint)


def _spelling(named: str, identifier: str, *, is_elsewhere: bool) -> Iterator[Finding]:
    """Judge how the metadata writes the URL of the server: RFC 9728 §3.3 wants it letter for letter."""
    if urls.without_last_slash(named) == urls.without_last_slash(identifier):
        is_root = urls.canonical_resource(named) == identifier
        if not is_root and not is_elsewhere:
            client = f"Use {shown_url(named)} as the URL, if it answers too."
            yield found(
                "resource_spelled_otherwise", f"It names {named_url(named)}: the last slash differs.", "", client
            )
    elif urls.without_last_slash(urls.canonical_resource(named)) == urls.without_last_slash(identifier):
        yield found("resource_spelled_otherwise", f"It names {named_url(named)}.")
    else:
        yield found("resource_is_ancestor", f"It names {named_url(named)}.")


def _passed(facts: Facts) -> str:
    """Say that the login is not at the issuer that is named first."""
    first, target = facts.issuer_named, facts.target
    if first is None or target is None or urls.same_issuer(first, target.server.issuer, strict=False):
        return ""
    return f" The first publishes no metadata, so the login is at {quote(target.server.issuer)}."


def _document_at(facts: Facts, url: str) -> dict[str, Any]:
    return next((document_in(each.response) for each in facts.asked_for("resource") if each.request.url == url), {})


def _wants_certificates(document: dict[str, Any]) -> bool:
    """Tell whether a server takes only tokens that are bound to a TLS certificate of the client (RFC 8705 §3)."""
    return document.get("tls_client_certificate_bound_access_tokens") is True


def _form(facts: Facts) -> Iterator[Finding]:
    """Judge how the document is written and served."""
    document = next((each for each in facts.asked_for("resource") if document_in(each.response)), None)
    if document is None or document.response is None:
        return
    refused = facts.resource_error.member if isinstance(facts.resource_error, MalformedDocument) else None
    wrong = [each for each in wrong_members(document.response, RESOURCE_MEMBERS) if each != refused]
    if wrong:
        yield found("resource_members_wrong", f"It is so for {', '.join(wrong)}.")
    media_type = media_type_of(document.response)
    if not media_type.endswith("json"):
        yield found("resource_served_wrongly", f"It is served as {quote(media_type or 'nothing', 60)}.")
    if document.request.url in redirects_in(facts.asked_for("resource")):
        yield found("resource_redirected", f"It was read from {shown_url(document.response.url)}.")
