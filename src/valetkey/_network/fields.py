# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The header fields of a request: Valetkey's own, and those that the user has given to the origin it goes to."""

from valetkey import urls
from valetkey.errors import ConfigurationError
from valetkey.settings.network import FIELD_VALUE, Network
from valetkey.values import Secret
from valetkey.wire import HttpRequest

_USER_AGENT = "valetkey"


def fields_of(request: HttpRequest, host: bytes, network: Network) -> list[tuple[bytes, bytes]]:
    """Give all fields, `Host` first; a `ConfigurationError` if one cannot be sent."""
    fields = {"User-Agent": _USER_AGENT, "Accept-Encoding": "identity", "Connection": "keep-alive"}
    fields.update(request.headers)
    if request.body or request.method != "GET":
        fields["Content-Length"] = str(len(request.body))
    if not all(FIELD_VALUE.fullmatch(value) for value in fields.values()):
        message = (
            f"A header field of the request to {request.url} ({request.purpose}) has characters that none may have."
        )
        hint = "Correct the token in the settings: it may have no line break and nothing outside ASCII."
        raise ConfigurationError(message, hint=hint)
    given = ((name, value.reveal()) for name, value in given_fields(request.url, network))
    return [
        (b"Host", host),
        *((name.encode("ascii"), value.encode("ascii")) for name, value in (*fields.items(), *given)),
    ]


def given_fields(url: str, network: Network) -> tuple[tuple[str, Secret], ...]:
    """Give the fields that the user has set for exactly the origin of a URL: none of them has one of our own names."""
    return dict(network.headers).get(urls.origin(url), ())
