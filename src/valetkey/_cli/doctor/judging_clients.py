# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Judging which client a login would have, what it may ask for, and how a session ends."""

from collections.abc import Iterator

from valetkey._cli.doctor.catalog import found
from valetkey._cli.doctor.facts import Facts
from valetkey._cli.doctor.findings import Finding
from valetkey._cli.doctor.instead import lack_of
from valetkey._cli.doctor.reading import document_in
from valetkey._cli.doctor.shown import shown_url
from valetkey._clients.advice import proposed_address
from valetkey._policy.registration_tries import names_redirect_address
from valetkey._policy.scope import OFFLINE_ACCESS
from valetkey.errors import (
    AuthError,
    ClientRefused,
    ConfigurationError,
    IssuerMismatch,
    MalformedDocument,
    Unsupported,
    quote,
)
from valetkey.protocol.error_response import ABSENT_STATUSES
from valetkey.protocol.listing import listed
from valetkey.values import (
    Client,
    ClientAuthentication,
    ClientOrigin,
    MetadataSource,
    Scope,
    ServerMetadata,
    scope_from_text,
)

_MANY_SCOPES = 20
_SHORT_LIFE = 86_400.0  # seconds
_CODE, _REFRESH = "authorization_code", "refresh_token"
_ORIGINS = {
    ClientOrigin.CONFIGURED: "client_given",
    ClientOrigin.DOCUMENT: "client_document",
    ClientOrigin.REGISTERED: "client_registered",
}


def judge_client(facts: Facts) -> tuple[Finding, ...]:
    """Judge which client a login would have (MCP, Client Registration Approaches)."""
    server, settings = facts.server, facts.settings
    if server is None or settings is None or facts.ends_in_a_guess:
        return ()
    if facts.registration_error is not None:
        return (_not_registered(facts, facts.registration_error),)
    if facts.registered is not None:
        return tuple(_registered(facts.registered))
    rehearsal = facts.rehearsal
    error = rehearsal.error if rehearsal is not None else None
    if facts.target is not None and error is not None and not _is_earlier(facts, error):
        return (_without_client(server, error),)
    if settings.client_id is not None or any(each.issuer == server.issuer for each in settings.clients):
        return (found("client_given", "The settings name the client."),)
    asked = dict(rehearsal.asks).get("client_id", "") if rehearsal is not None else ""
    if server.client_id_metadata_document_supported and asked.startswith("https://"):
        return (found("client_document", f"It is {shown_url(asked)}."),)
    if rehearsal is not None and error is None and not rehearsal.would_register:
        return (found("client_stored", "A client that is stored here is used again."),)
    if server.registration_endpoint is not None:
        return (_registers(server),)
    if document_in(facts.server_document).get("registration_endpoint"):
        return ()  # the step before has said that it cannot be used
    return (_by_hand(facts, server),)


def _registered(client: Client) -> Iterator[Finding]:
    text = f"It is {quote(client.client_id, 80)}, and its address {client.redirect_uri or 'none'}."
    yield found(_ORIGINS[client.origin], text)
    if client.other_redirect_uris:
        yield found("registered_other_address", f"It registered {listed(client.other_redirect_uris)}.")
    if client.secret_expires_at is not None and client.secret_expires_at - (client.registered_at or 0.0) < _SHORT_LIFE:
        yield found("registered_secret_ends", "It ends within a day.")
    if client.declined_scope:
        yield found("registered_less_scope", f"It left out {listed(client.declined_scope)}.")


def _registers(server: ServerMetadata) -> Finding:
    text = f"A login registers itself at {shown_url(server.registration_endpoint or '')}; --register tries it now."
    return found("client_registers", text)


def _is_earlier(facts: Facts, error: AuthError) -> bool:
    """Tell whether a rehearsal has ended before it came to a client: each earlier step has said so."""
    server = facts.server
    is_about_client = isinstance(error, ConfigurationError | IssuerMismatch | ClientRefused)
    if is_about_client or server is None:
        return not is_about_client
    has_none = server.registration_endpoint is None and isinstance(error, Unsupported)
    return not (has_none and "register" in error.message)


def _without_client(server: ServerMetadata, error: AuthError) -> Finding:
    if isinstance(error, ConfigurationError | IssuerMismatch):
        return found("client_unusable", error.message, client=error.hint)
    return _by_hand_of(server, error.message, error.hint)


def _by_hand(facts: Facts, server: ServerMetadata) -> Finding:
    text, advice = "The metadata has no registration endpoint.", ""
    if facts.target is not None and facts.settings is not None:
        address = proposed_address(facts.target, facts.settings)
        advice = f"Register a client there with the redirect address {address}, and give its id with --client-id."
    return _by_hand_of(server, text, advice)


def _by_hand_of(server: ServerMetadata, text: str, advice: str) -> Finding:
    if server.client_id_metadata_document_supported:
        way = "Give the URL of a client metadata document (client_metadata_url= in a program)."
        return found("client_needs_document", text, client=f"{way} Or: {advice}" if advice else way)
    return found("client_by_hand", text, client=advice)


def _not_registered(facts: Facts, error: AuthError) -> Finding:
    if isinstance(error, ClientRefused) and names_redirect_address(error):
        return found("redirect_address_refused", error.message, client=error.hint)
    if isinstance(error, Unsupported):
        return found("client_by_hand", error.message, client=error.hint)
    if isinstance(error, ConfigurationError | IssuerMismatch):
        return found("client_unusable", error.message, client=error.hint)
    return found(_of_answer(facts, error), error.message, client=error.hint)


def _of_answer(facts: Facts, error: AuthError) -> str:
    """Tell a refusal from an endpoint that is not there, fails, or answers with something else."""
    if isinstance(error, MalformedDocument):
        return "registration_unreadable"
    status = next((each.status for each in reversed(facts.asked_for("registration"))), None)
    if status is None or status >= 500:
        return "registration_fails"
    return "registration_absent" if status in ABSENT_STATUSES or 300 <= status < 400 else "registration_refused"


def judge_grants(facts: Facts) -> tuple[Finding, ...]:
    """Judge which logins are possible, and whether a session can be renewed."""
    server, settings = facts.server, facts.settings
    if server is None or settings is None or facts.ends_in_a_guess:
        return ()
    grants = server.grant_types_supported
    findings = []
    if settings.chosen_grant == "device_code" and server.device_authorization_endpoint is None:
        findings.append(found("grant_not_offered", "There is no device_authorization_endpoint."))
    if grants is not None and _CODE not in grants and not settings.is_machine:
        findings.append(found("code_unlisted", f"It lists {listed(grants)}."))
    elif server.authorization_endpoint is not None:
        findings.append(found("code_offered", "A person can log in with a browser."))
    if server.device_authorization_endpoint is not None:
        findings.append(found("device_offered", "A person can log in on another device (RFC 8628)."))
    if grants is not None and _REFRESH not in grants:
        findings.append(found("refresh_unlisted", f"It lists {listed(grants)}."))
    else:
        findings.append(found("refresh_offered", "Refresh tokens are not excluded."))
    return tuple(findings)


def judge_scope(facts: Facts) -> tuple[Finding, ...]:
    """Judge which scope would be asked for, and whether the lists of both servers agree with it."""
    server = facts.server
    if server is None or facts.settings is None or facts.ends_in_a_guess:
        return ()
    findings = tuple(_scope_faults(facts, server))
    asked = _asked_scope(facts)
    if asked:
        shown = f"A login asks for {quote(' '.join(asked), 160)}."
        return (found("scope_ok", shown), *findings)
    return (found("scope_none", "A login asks for no scope, and the server decides."), *findings)


def _asked_scope(facts: Facts) -> Scope:
    """Give the scope that the rehearsal has asked for; where there is none, what would be chosen first."""
    if facts.rehearsal is not None and facts.rehearsal.asks:
        return scope_from_text(dict(facts.rehearsal.asks).get("scope")) or ()
    pinned = facts.settings.scope if facts.settings is not None else None
    challenged = facts.challenge.scope if facts.challenge is not None else None
    published = facts.resource.scopes_supported if facts.resource is not None else None
    return pinned or challenged or published or ()


def _scope_faults(facts: Facts, server: ServerMetadata) -> Iterator[Finding]:
    asked = _asked_scope(facts)
    challenged = facts.challenge.scope if facts.challenge is not None else None
    published = facts.resource.scopes_supported if facts.resource is not None else None
    joined = tuple(_joined_scopes(facts))
    if joined:
        yield found("scope_separated_wrongly", f"It is so for {listed(joined)}.")
    known = (*(published or ()), *joined, OFFLINE_ACCESS)  # which a resource does not publish, for it is no scope of it
    unlisted = [each for each in challenged or () if published is not None and each not in known]
    if unlisted:
        yield found("scope_not_published", f"It is so for {listed(unlisted)}.")
    unknown = [each for each in asked if server.scopes_supported is not None and each not in server.scopes_supported]
    if unknown:
        yield found("scope_unknown_to_server", f"It does not list {listed(unknown)}.")
    documents = [each.response for each in facts.asked_for("resource")]
    if any(document_in(each).get("scopes_supported") == [] for each in documents):
        yield found("scope_list_empty", "The metadata of the MCP server has scopes_supported: [].")
    if len(asked) > _MANY_SCOPES:
        yield found("scope_broad", f"It would ask for {len(asked)}.")


def _joined_scopes(facts: Facts) -> Iterator[str]:
    """Give what is written as one scope and seems to be several: no scope has a space, and hardly one has a comma."""
    challenged = facts.challenge.scope if facts.challenge is not None else None
    published = facts.resource.scopes_supported if facts.resource is not None else None
    yield from (each for each in challenged or () if "," in each and each not in (published or ()))
    for exchange in facts.asked_for("resource"):
        scopes = document_in(exchange.response).get("scopes_supported")
        if isinstance(scopes, list):
            yield from (each for each in scopes if isinstance(each, str) and len(each.split()) > 1)


def judge_authentication(facts: Facts) -> tuple[Finding, ...]:
    """Judge how a client has to authenticate at the token endpoint."""
    server = facts.server
    if server is None or server.source in (MetadataSource.GUESSED, MetadataSource.CONFIGURED):
        return ()
    methods = server.token_endpoint_auth_methods_supported
    if methods is None:
        text = lack_of(document_in(facts.server_document), "token_endpoint_auth_methods_supported")
        return (found("method_unlisted", text),)
    if ClientAuthentication.NONE in methods:
        return (found("method_ok", f"It takes {listed(methods)}."),)
    text, settings = f"It takes {listed(methods)}.", facts.settings
    if not any(each in list(ClientAuthentication) for each in methods):
        return (found("method_unknown", text),)
    is_public = settings is not None and settings.client_id is not None
    has_none = settings is not None and settings.client_secret is None and settings.private_key is None
    client = "Give the secret of your client too, with --client-secret." if is_public and has_none else ""
    return (found("method_needs_secret", text, client=client),)


def judge_end(facts: Facts) -> tuple[Finding, ...]:
    """Judge how a session ends, and whether answers to logins name their server."""
    server = facts.server
    if server is None or server.source in (MetadataSource.GUESSED, MetadataSource.CONFIGURED):
        return ()
    revocation, iss = server.revocation_endpoint, server.iss_parameter_supported
    return (
        found("revocation_ok", f"Tokens are revoked at {shown_url(revocation)}.")
        if revocation is not None
        else found("revocation_absent", lack_of(document_in(facts.server_document), "revocation_endpoint")),
        found("iss_ok", "It promises iss.")
        if iss
        else found("iss_absent", "authorization_response_iss_parameter_supported is not true."),
    )
