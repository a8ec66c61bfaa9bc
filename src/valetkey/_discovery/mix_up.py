# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Asking the host of a login page whose it is, where the metadata leaves that in doubt (RFC 9700 §4.4)."""

from functools import partial

from valetkey import urls
from valetkey._discovery.metadata_requests import MetadataRequests
from valetkey.errors import InsecureEndpoint, IssuerMismatch, quote
from valetkey.profiles.catalog import AUTO, find_profile
from valetkey.profiles.profile import STANDARD
from valetkey.protocol.mix_up import Claim, PageMember, claim_urls, is_mixed_up, page_elsewhere, parse_claim
from valetkey.protocol.server import server_request
from valetkey.settings.settings import Settings
from valetkey.values import ServerMetadata
from valetkey.wire import NotReached, UnknownOutcome, UnreadableAnswer


def require_own_page(server: ServerMetadata, settings: Settings, requests: MetadataRequests) -> None:
    """
    Refuse a server that sends a person to the login page of another one, before a client is registered.

    :raises IssuerMismatch: If the page's own host says that it belongs to another issuer.
    """
    member: PageMember = "authorization_endpoint"
    if settings.chosen_grant == "device_code":
        member = "device_authorization_endpoint"
    page = page_elsewhere(server, member)
    if page is None or settings.is_machine or _is_trusted(server, settings, member):
        return
    claim = _claim(page, member, requests)
    if claim is not None and is_mixed_up(server, claim):
        raise _mixed_up(server, claim, member)


def _claim(page: str, member: PageMember, requests: MetadataRequests) -> Claim | None:
    """Ask the host of a page; None if it says nothing, which is no accusation, or cannot be asked."""
    parse = partial(parse_claim, member=member, page=page)
    for url in claim_urls(page):
        try:
            claim = requests.ask(server_request(url), parse)
        except InsecureEndpoint as error:
            hint = f"{error.hint} If you trust {quote(page)}, give it as {member}=."
            raise error.with_hint(hint) from error
        trouble = requests.take_trouble()
        has_no_answer = isinstance(trouble, NotReached | UnknownOutcome) and not isinstance(trouble, UnreadableAnswer)
        if claim is not None or has_no_answer:  # each further question would take as long, and perhaps the browser can
            return claim
    return None


def _is_trusted(server: ServerMetadata, settings: Settings, member: PageMember) -> bool:
    """The user has named the server or an endpoint, or a profile knows the issuer."""
    if settings.issuer is not None or settings.token_endpoint is not None or getattr(settings, member) is not None:
        return True
    is_named = any(client.issuer == server.issuer for client in settings.clients)
    return is_named or find_profile(AUTO, issuer=server.issuer) is not STANDARD


def _mixed_up(server: ServerMetadata, claim: Claim, member: PageMember) -> IssuerMismatch:
    message = (
        f"The authorization server {quote(server.issuer)} sends you to the login page of another one, "
        f"{quote(claim.issuer)}, and what comes of the login to {quote(urls.origin(server.token_endpoint or ''))}."
    )
    hint = (
        f"This looks like an attack: tell the MCP server's operator. Only if you know that both belong together, give "
        f"issuer={quote(server.issuer)} or {member}={quote(claim.page)}."
    )
    return IssuerMismatch(message, hint=hint, expected=server.issuer, received=claim.issuer)
