# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What an answer gives away of what has answered: a gateway, a check of the host name, a login that is missing."""

import re

from valetkey import urls, wire
from valetkey._cli.doctor.shown import is_page
from valetkey.errors import quote
from valetkey.protocol.server_words import words_of
from valetkey.wire import HttpResponse

_GATEWAY = re.compile(
    r"cloudflare|cf-ray|just a moment|attention required|captcha|akamai|incapsula|imperva|access denied|datadome|"
    r"cloudflareaccess|identity-aware proxy|sucuri|perimeterx|vercel authentication",
    re.IGNORECASE,
)
_BROWSER_CHECK = re.compile(
    r"just a moment|attention required|captcha|checking your browser|security check|verify(?:ing)? you are|datadome",
    re.IGNORECASE,
)
_GATEWAY_FIELDS = frozenset({"cf-mitigated", "x-datadome"})
"""Fields of the filter itself. What a content delivery network adds to each answer, as cf-ray, says nothing."""
_SIGN_IN = re.compile(
    r"/(?:cdn-cgi/access|login|signin|sign-in|sso|saml|oauth2/(?:start|sign_in))\b|"
    r"[?&](?:samlrequest|response_type|client_id)=",  # what OAuth (RFC 6749 §4.1.1) and SAML put into such a link
    re.IGNORECASE,
)
_UNAUTHORIZED = re.compile(
    r"\bunauthori[sz]ed\b|\bnot authenticated\b|\bunauthenticated\b|authentication (?:is )?required|"
    r"(?:missing|invalid|no|expired)[ _](?:(?:access|bearer|auth(?:entication|orization)?)[ _])?"
    r"(?:token|credentials|authorization)|(?:log|sign)[ -]?in (?:is )?required",
    re.IGNORECASE,
)
_UNAUTHORIZED_ERROR = re.compile(
    r"\bauthorization header|\bbearer (?:token|auth)|(?:log|sign)(?:ged)?[ -]?in first|login[ _-]required|"
    r"(?:please|must|need to|not) (?:log|sign)(?:ged|ed)?[ -]?in\b|requires? (?:an? )?(?:auth|log-?in)|"
    r"(?<!csrf )\btoken (?:is |was )?(?:required|missing|expired|invalid|not provided)|must (?:be )?authenticate|"
    r"credentials (?:were |are )?(?:not provided|required|missing)|authentication failed|"
    r'"header",\s*"authorization"',  # where FastAPI misses it
    re.IGNORECASE,
)
"""Words that mean a missing login where an error speaks; a good answer may use them for something else."""
_KEY = re.compile(r"\b(?:x-)?api[ _-]?key\b|\bsubscription key\b", re.IGNORECASE)
_HOST_REFUSED = re.compile(
    r"invalid (?:http_)?host\b|disallowed ?host|\bhost (?:header )?(?:is )?(?:not allowed|mismatch)|"
    r"blocked request\. this host",
    re.IGNORECASE,
)
_LONGEST_READ = 4000


def quoted_words(response: HttpResponse | None) -> str:
    """Quote the reason that an answer gives in words; nothing if it gives none."""
    words = words_of(response) if response is not None and response.status >= 400 else None
    return quote(words, 160) if words else ""


def is_gateway(response: HttpResponse) -> bool:
    """Tell whether an answer is of an access gateway or a bot filter before the server."""
    target = wire.redirect_target(response)
    if target is not None:
        return not urls.same_origin(target, response.url) and bool(_SIGN_IN.search(target) or _GATEWAY.search(target))
    if response.status not in (401, 403, 406, 429, 503) or not is_page(response):
        return False
    has_field = any(name.lower() in _GATEWAY_FIELDS for name, _ in response.headers)
    words = _BROWSER_CHECK if response.status in (429, 503) else _GATEWAY  # these two say something of themselves
    return has_field or words.search(_beginning(response)) is not None


def leads_to_sign_in(url: str) -> bool:
    """Tell whether a URL is one of a sign-in page."""
    return _SIGN_IN.search(url) is not None


def refuses_host(response: HttpResponse) -> bool:
    """Tell whether a server refuses the name that it is asked by (RFC 9110 §7.4): 421, or words about the host."""
    if response.status == 421:
        return True
    return response.status in (400, 403) and _HOST_REFUSED.search(_beginning(response)) is not None


def hides_rejection(response: HttpResponse) -> bool:
    """Tell whether an answer speaks of a missing login, and has another status than 401."""
    if response.status in (401, 403) or is_page(response):
        return False
    text = _beginning(response)
    is_error = response.status >= 400 or "error" in (wire.json_object(response) or {})
    return _UNAUTHORIZED.search(text) is not None or (is_error and _UNAUTHORIZED_ERROR.search(text) is not None)


def wants_key(response: HttpResponse) -> bool:
    """Tell whether an error answer speaks of a key that its owner hands out by other means than a login."""
    if response.status not in (400, 401, 403, 422) or is_page(response):
        return False
    fields = [value for name, value in response.headers if name.lower() == "www-authenticate"]
    return any(_KEY.search(text[:_LONGEST_READ]) for text in (_beginning(response), *fields))


def _beginning(response: HttpResponse) -> str:
    return response.body[:_LONGEST_READ].decode("utf-8", "replace")
