# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What a URL must be: https or loopback, canonical resource, same origin, issuer equality.

URLs stay strings everywhere: a URL type that normalises would break the byte-exact comparisons of RFC 8414 §3.3. Every
function here takes time in proportion to the length of its arguments at most, because a server may send any text.
"""

import ipaddress
import re
from functools import lru_cache
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from valetkey.errors import InsecureEndpoint, quote

LONGEST_URL = 8192
"""In characters. Servers and proxies take some 8,000 (RFC 9110 §4.1); of a longer URL nothing is read."""

_DEFAULT_PORTS = {"https": 443, "http": 80}
_HAS_USER = "carries user information"
_HAS_FRAGMENT = "has a fragment"
_HAS_STRANGERS = "contains characters that no URL has"
_PATH_SLASH = "/"
_MOST_DECODINGS = 8
_SEGMENT_ENDS = re.compile(r"[/\\]")
_FILLING = re.compile(r"[\x00-\x20\x7f]+")
"""What some programs skip in a path."""
_AUTHORITY = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")
"""A host as DNS knows it, or an IPv6 literal, and a port: what every URL parser reads alike."""
_IN_NO_URL = re.compile(r'[\x00-\x20\x7f\\"<>`{}|^]')
_USER = re.compile(r"^((?:[^/?#\\:@]*:)?)[/\\]*[^/?#\\]*@")
_HOST_AND_PORT = re.compile(r"[A-Za-z0-9.-]+:[0-9]+(?:[/?]|$)")
"""A URL without its scheme; RFC 3986 would read the host as one."""
_ROOT_WITH_SLASH = re.compile(r"[^/?#]+//[^/?#]+/")
_NOT_IN_PATH = re.compile(r"(?:[^A-Za-z0-9._~/:=+%-]|%(?![0-9A-Fa-f]{2}))+")
_NOT_IN_QUERY = re.compile(r"(?:[^A-Za-z0-9._~/:=+%?&-]|%(?![0-9A-Fa-f]{2}))+")


def require_endpoint(url: str, what: str) -> str:
    """
    Refuse a URL that no request of ours may go to and no browser may open.

    Allowed are https, and http to a loopback host (MCP Security Best Practices, SSRF). User information and
    fragments hide where a URL really leads and are refused too.

    :raises InsecureEndpoint: If the URL must not be used.
    """
    fault = _fault(url)
    if fault is not None:
        message = f"The {what} {quote(_without_user(url))} {fault}."
        hint = "Use an https URL, or http on this computer's loopback address."
        if len(url) > LONGEST_URL:
            hint = "Ask the server's operator for a shorter one."
        elif fault == _HAS_USER:
            hint = "Write it without a user name and a password."
        elif fault == _HAS_FRAGMENT:
            hint = "Write it without the fragment."
        elif fault == _HAS_STRANGERS:
            hint = "Leave out what no URL has, as a space, or percent-encode it."
        elif not url.isascii():
            hint = "Write the host in its xn-- form, and percent-encode the path."
        raise InsecureEndpoint(message, hint=hint, url=url)
    return url


def is_endpoint(url: str) -> bool:
    """Tell whether `require_endpoint` lets a URL pass."""
    return _fault(url) is None


def encode_for_browser(url: str) -> str:
    """
    Percent-encode what a shell could read in a URL that `require_endpoint` has passed (RFC 3986 §2).

    Some programs that open a browser build a command text: `wslview` one for PowerShell, which evaluates `$(...)`.
    What stays are the unreserved characters, the delimiters `/ : = ? &`, a `+` (a space in a query), and everything
    that is encoded already. A member behind an `&` gets the `=` that it may lack, which means the same in a form: where
    a script of the user's hands the link to a shell unquoted, `&name=` assigns, and `&name` would start a program.
    """
    before, question_mark, query = url.partition("?")
    scheme, slashes, rest = before.partition("//")
    authority, slash, path = rest.partition("/")
    encoded = _NOT_IN_PATH.sub(_percent_encode, path), _NOT_IN_QUERY.sub(_percent_encode, query)
    first, *members = encoded[1].split("&")
    members = [each if "=" in each or not each else f"{each}=" for each in members]
    return f"{scheme}{slashes}{authority}{slash}{encoded[0]}{question_mark}{'&'.join([first, *members])}"


def _percent_encode(match: re.Match[str]) -> str:
    return "%" + match[0].encode(errors="replace").hex("%").upper()  # half of a surrogate pair has no encoding


def _fault(url: str) -> str | None:
    if len(url) > LONGEST_URL:
        return f"has more than {LONGEST_URL:,} characters"
    return _fault_of_short(url)


@lru_cache(maxsize=64)  # a login checks each of its URLs in several places
def _fault_of_short(url: str) -> str | None:
    if not url.isascii():
        return "has characters outside ASCII (a host name goes in its xn-- form, a path percent-encoded)"
    if _IN_NO_URL.search(url):
        return _HAS_STRANGERS
    try:
        parts = _split(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme.lower() not in _DEFAULT_PORTS or not host:
        return "is not an http(s) URL"
    if parts.username is not None:
        return _HAS_USER
    if not _AUTHORITY.fullmatch(parts.netloc):  # "%" and the like: programs do not agree on where these lead
        return "has a host that is no host name"
    if "#" in url:
        return _HAS_FRAGMENT
    if parts.scheme.lower() == "http" and not is_loopback_host(host):
        return "is not encrypted"
    return None


def resolve(reference: str, base: str) -> str | None:
    """
    Resolve what a server gives for a URL against the URL that it answers for (RFC 3986 §5); None for what is no URL.

    A whole URL stays as it is. Whether the URL may be used is not judged here.
    """
    if not reference or len(reference) > LONGEST_URL or not reference.isascii() or _IN_NO_URL.search(reference):
        return None
    if _HOST_AND_PORT.match(reference):
        return None
    try:
        parts = urlsplit(reference)
        names_host = parts.scheme.lower() in _DEFAULT_PORTS or reference.startswith("//")
        url = reference if parts.scheme else urljoin(base, reference)
        _ = urlsplit(url).port
    except ValueError:
        return None
    return None if names_host and not parts.hostname else url


def without_fragment(url: str) -> str:
    """Leave the fragment out, which never reaches a server (RFC 9110 §4.2.5)."""
    return url.partition("#")[0]


def without_query(url: str) -> str:
    """Leave user information, query and fragment out of an error: they may hold what no error may repeat."""
    return _without_user(without_fragment(url).partition("?")[0])


def _split(url: str) -> SplitResult:
    if len(url) > LONGEST_URL:
        message = f"a URL has more than {LONGEST_URL:,} characters"
        raise ValueError(message)
    return urlsplit(url)


def _without_user(url: str) -> str:
    """Leave user information out of an error: it may be a password."""
    return _USER.sub(r"\1//...@", url)


@lru_cache(maxsize=64)
def is_loopback_host(host: str) -> bool:
    """Tell whether a host name is this computer's loopback interface (RFC 8252 §7.3)."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_loopback(url: str) -> bool:
    """Tell whether a URL leads to this computer's loopback interface."""
    return is_loopback_host(_split(url).hostname or "")


@lru_cache(maxsize=64)  # the same few URLs come with every request
def origin(url: str) -> str:
    """
    Give the origin of a URL: scheme and host in lower case, the port only where it is not the default.

    :returns: For example `https://mcp.example.com:8443`.
    """
    parts = _split(url)
    scheme = parts.scheme.lower()
    host = (parts.hostname or "").lower()
    authority = f"[{host}]" if ":" in host else host
    if parts.port is not None and parts.port != _DEFAULT_PORTS.get(scheme):
        authority = f"{authority}:{parts.port}"
    return f"{scheme}://{authority}"


def same_origin(one: str, other: str) -> bool:
    """Tell whether two URLs have the same scheme, host and port."""
    try:
        return origin(one) == origin(other)
    except ValueError:
        return False


def canonical_resource(url: str) -> str:
    """
    Derive the resource identifier of an MCP server from its URL (MCP Authorization, Canonical Server URI).

    Scheme and host in lower case, default port and fragment dropped, path and query as they are, no slash for an
    empty path.
    """
    parts = _split(url)
    path = "" if parts.path == _PATH_SLASH and not parts.query else parts.path
    query = f"?{parts.query}" if parts.query else ""
    return f"{origin(url)}{path}{query}"


def covers(resource: str, url: str) -> bool:
    """
    Tell whether a published resource identifier stands for the MCP server at `url`.

    It is the same identifier, or an ancestor on the same origin at a segment boundary: RFC 9728 §3.3 wants identity,
    but many servers publish their origin or a parent path, and the official SDKs accept it. A last slash alone makes
    no difference (FastMCP drops it). Another origin never covers.
    """
    if _fault(resource) is not None or not same_origin(resource, url):
        return False
    published, asked = _split(resource), _split(url)
    if published.query and published.query != asked.query:
        return False
    start = _with_last_slash(published.path)
    if not _with_last_slash(asked.path).startswith(start):
        return False
    return start == _PATH_SLASH or not _climbs(asked.path[len(start) :])


def _climbs(path: str) -> bool:
    """Tell whether a server may read a way up in what lies below a path: `..` in any encoding, or as Tomcat's `..;`."""
    for _ in range(_MOST_DECODINGS):
        decoded = unquote(path)
        if decoded == path:
            return any(_FILLING.sub("", segment.partition(";")[0]) == ".." for segment in _SEGMENT_ENDS.split(path))
        path = decoded
    return True


def without_last_slash(resource: str) -> str:
    """Leave out the slash that a path ends in; a query stays."""
    path, question_mark, query = resource.partition("?")
    return f"{path.removesuffix(_PATH_SLASH)}{question_mark}{query}"


def _with_last_slash(path: str) -> str:
    return path if path.endswith(_PATH_SLASH) else path + _PATH_SLASH


def same_issuer(expected: str, received: str, *, strict: bool) -> bool:
    """
    Compare the issuer a metadata URL was built from with the issuer its document names (RFC 8414 §3.3).

    The comparison is byte-exact. The one tolerance, off with `strict`: an issuer without a path may differ by its
    lone slash, because Google, JumpCloud and every server built on pydantic's URL type publish
    `https://host/` on one side and `https://host` on the other.
    """
    if expected == received:
        return True
    return not strict and _without_root_slash(expected) == _without_root_slash(received)


def _without_root_slash(issuer: str) -> str:
    # As text: what the document names may be no URL at all.
    return issuer[:-1] if _ROOT_WITH_SLASH.fullmatch(issuer) else issuer


def insert_well_known(url: str, name: str) -> str:
    """
    Put a well-known path between the host and the path of a URL (RFC 8414 §3.1, RFC 9728 §3.1).

    :returns: The URL of the document; only a slash right after the host is dropped.
    """
    parts = _split(url)
    path = "" if parts.path == _PATH_SLASH else parts.path
    query = f"?{parts.query}" if parts.query else ""
    return f"{origin(url)}/.well-known/{name}{path}{query}"
