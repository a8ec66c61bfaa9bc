# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The members of a provider profile, and the profile that follows the specifications."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

BearerName = Literal["access_token", "id_token"]
NONE = "none"

_LABEL = "[A-Za-z0-9-]+"
_SEGMENT = "[A-Za-z0-9._~-]+"


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """
    What one provider needs that the specifications do not say. The defaults are what the specifications say.

    A member exists because a provider needs it, and no document or answer of the provider shows that. No member
    changes a check of issuer, state, resource or encryption. A user's secret may go to an issuer that is named without
    `*` here; other issuers need `issuer=`.

    :param name: Its name, as `profile=` takes it.
    :param issuers: Issuers it is for; `*` stands for one label of the host or one segment of the path.
    :param send_resource: False where the `resource` parameter is refused (RFC 8707).
    :param send_audience: True where the resource has to be named in `audience` as well.
    :param assume_pkce: True where S256 is supported and not announced.
    :param scope_on_refresh: True where a refresh has to repeat the scope of the login.
    :param localhost: True where a loopback address can only be registered under the name `localhost`.
    :param authentication_methods: How a client with a secret may authenticate, where the metadata does not say.
    :param forgotten_client_statuses: HTTP statuses that say, without an OAuth error code, that a client is forgotten.
    :param authorization_parameters: Further parameters of the authorization request.
    :param hint: What a person has to do at the provider first, one sentence.
    :param evidence: URLs of the reports and documents that this is known from.
    """

    name: str
    issuers: tuple[str, ...] = ()
    send_resource: bool = True
    send_audience: bool = False
    assume_pkce: bool = False
    scope_on_refresh: bool = False
    localhost: bool = False
    authentication_methods: tuple[str, ...] = ()
    forgotten_client_statuses: tuple[int, ...] = ()
    authorization_parameters: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    evidence: tuple[str, ...] = ()

    def names(self, issuer: str) -> bool:
        """Tell whether it names this one issuer, and not the tenants of a provider, which also an attacker may have."""
        return issuer.removesuffix("/") in self.issuers

    def is_for(self, issuer: str) -> bool:
        """Tell whether one of the patterns matches all of an issuer; a last slash makes no difference."""
        return any(_matches(pattern, issuer.removesuffix("/")) for pattern in self.issuers)


STANDARD = Profile(name=NONE)
"""Nothing special: what the specifications say."""


def _matches(pattern: str, issuer: str) -> bool:
    return _compiled(pattern).fullmatch(issuer) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    scheme, _, rest = pattern.partition("://")
    host, slash, path = rest.partition("/")
    parts = (re.escape(scheme), "://", _with_stars(host, _LABEL), slash, _with_stars(path, _SEGMENT))
    return re.compile("".join(parts))


def _with_stars(text: str, star: str) -> str:
    return star.join(map(re.escape, text.split("*")))
