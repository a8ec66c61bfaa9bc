# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Judging what an MCP server publishes of itself (RFC 9728)."""

from collections.abc import Iterator

from valetkey import urls
from valetkey._cli.doctor.catalog import found
from valetkey._cli.doctor.facts import Facts
from valetkey._cli.doctor.findings import Finding, Mark
from valetkey._cli.doctor.judging_mcp import is_gateway
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
        text = "The challenge announces it, and none can be read."
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
        text = f"It was announced elsewhere, and lies at {shown_url(resource.url)}."
        yield found("resource_elsewhere", text, _asked(facts))
    elif not is_announced and resource.url not in known:
        yield found("resource_elsewhere", f"It lies at {shown_url(resource.url)}.", _asked(facts))
    if urls.without_last_slash(resource.resource) != urls.without_last_slash(identifier):
        yield found("resource_is_ancestor", f"It names {named_url(resource.resource)}.")
    usable = [issuer for issuer in resource.authorization_servers if is_whole_url(issuer)]
    if not usable and settings.issuer is None:
        text = "It lists none." if not resource.authorization_servers else "What it lists is no URL."
        yield found("resource_without_server", text, listed(resource.authorization_servers))
    if len(usable) > 1 and settings.issuer is None:
        yield found("resource_names_several", f"It names {listed(resource.authorization_servers)}.")
    try:
        require_usable(resource)
    except Unsupported as error:
        yield found("resource_unusable", error.message, client=error.hint)


def _form(facts: Facts) -> Iterator[Finding]:
    """Judge how the document is written and served."""
    document = next((each for each in facts.asked_for("resource") if document_in(each.response)), None)
    if document is None or document.response is None:
        return
    wrong = wrong_members(document.response, RESOURCE_MEMBERS)
    if wrong:
        yield found("resource_members_wrong", f"It is so for {', '.join(wrong)}.")
    media_type = media_type_of(document.response)
    if not media_type.endswith("json"):
        yield found("resource_served_wrongly", f"It is served as {quote(media_type or 'nothing', 60)}.")
    if document.request.url in redirects_in(facts.asked_for("resource")):
        yield found("resource_redirected", f"It was read from {shown_url(document.response.url)}.")
