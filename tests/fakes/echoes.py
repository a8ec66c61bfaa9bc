# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Servers that repeat the secrets they were sent, in every spelling, and a search for secrets in what is shown."""

import base64
import html
import json
import re
from collections.abc import Callable, Iterable
from urllib.parse import parse_qsl, quote, quote_plus, unquote_plus

from valetkey.wire import HttpRequest, HttpResponse, Send

SECRET_FIELDS = frozenset(
    {
        *("code", "code_verifier", "refresh_token", "client_secret", "token", "device_code"),
        *("assertion", "client_assertion", "subject_token"),
    }
)
SHORTEST_PREFIX = 12

SPELLINGS: dict[str, Callable[[str], str]] = {
    "raw": lambda secret: secret,
    "percent-encoded": lambda secret: "".join(f"%{byte:02X}" for byte in secret.encode()),
    "percent-encoded in lower case": lambda secret: "".join(f"%{byte:02x}" for byte in secret.encode()),
    "percent-encoded where needed": lambda secret: quote(secret, safe=""),
    "form-encoded": quote_plus,
    "percent-encoded twice": lambda secret: quote("".join(f"%{byte:02X}" for byte in secret.encode())),
    "JSON escapes": lambda secret: "".join(f"\\u{ord(each):04x}" for each in secret),
    "some JSON escapes": lambda secret: f"\\u{ord(secret[0]):04X}" + secret[1:].replace("/", "\\/"),
    "escapes of a program": lambda secret: "".join(f"\\x{byte:02x}" for byte in secret.encode()),
    "HTML entities": lambda secret: "".join(f"&#{ord(each)};" for each in secret),
    "HTML entities in hexadecimal": lambda secret: "".join(f"&#x{ord(each):X};" for each in secret),
    "HTML": lambda secret: html.escape(secret).replace("/", "&sol;"),
    "upper case": str.upper,
    "lower case": str.lower,
    "the first 20 characters": lambda secret: secret[:20],
    "the first 12 characters": lambda secret: secret[:12],
    "the last 20 characters": lambda secret: secret[-20:],
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "base64 with an id": lambda secret: base64.b64encode(f"my-id:{secret}".encode()).decode(),
    "base64url without padding": lambda secret: base64.urlsafe_b64encode(f"id:{secret}".encode()).decode().rstrip("="),
    "hexadecimal digits": lambda secret: secret.encode().hex(),
    "letters with spaces between": " ".join,
    "letters with letters of no width between": "\u200b".join,
    "letters with soft hyphens between": "\xad".join,
    "letters in full width": lambda secret: "".join(chr(ord(each) + 0xFEE0) if each > " " else each for each in secret),
    "UTF-16 read as Latin-1": lambda secret: secret.encode("utf-16-le").decode("latin-1"),
    "short lines": lambda secret: "\n".join(secret[at : at + 8] for at in range(0, len(secret), 8)),
    "short lines of base64": lambda secret: base64.encodebytes(secret.encode()).decode().replace("9", "9\r\n"),
}


def secrets_in(request: HttpRequest) -> list[str]:
    """Give every secret that a request carries, as a server reads it."""
    fields = parse_qsl(request.body.decode("latin-1"), keep_blank_values=True)
    found = [value for name, value in fields if name in SECRET_FIELDS and value]
    for name, value in request.headers:
        if name == "DPoP":
            found.append(value)
        if name == "Authorization":
            found.append(value.partition(" ")[2])
            if value.startswith("Basic "):
                found.append(unquote_plus(base64.b64decode(found[-1]).decode().partition(":")[2]))
    return found


class Echo:
    """A `Send` whose answers to chosen URLs repeat the secrets of the request; all other requests go on."""

    def __init__(self, server: Send, urls: Iterable[str], answer: Callable[[HttpRequest, str], HttpResponse]) -> None:
        self.sent: list[str] = []
        self.is_on = True
        self._server = server
        self._urls = frozenset(urls)
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        secrets = secrets_in(request)
        self.sent += secrets
        if not self.is_on or request.url not in self._urls or not secrets:
            return self._server(request)
        return self._answer(request, " ".join(secrets))


def found_in(text: str, secrets: Iterable[str], *, shortest: int = SHORTEST_PREFIX) -> list[tuple[str, str]]:
    """Give each secret that a text shows, with its spelling; the first characters of one count too."""
    plain = text.replace("\\\\", "\\")  # as `quote` and `repr` write a backslash
    texts = {each.lower() for each in (text, _unescaped(text), _unescaped(plain), _unescaped(_unescaped(plain)))}
    return [
        (secret, name)
        for secret in dict.fromkeys(secrets)
        for name, spell in SPELLINGS.items()
        for start in _starts(spell(secret), shortest)
        if any(start.lower() in each for each in texts)
    ]


def _starts(spelled: str, shortest: int) -> list[str]:
    """What is searched for: the first characters, without the last of them, which base64 shares with what follows."""
    return [spelled[:shortest]] if len(spelled) >= shortest else [spelled]


def _unescaped(text: str) -> str:
    pattern = r"%([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})"
    plain = re.sub(pattern, lambda match: chr(int(match[1] or match[2] or match[3], 16)), text)
    return html.unescape(plain).replace("\\/", "/").replace("\\n", "\n")


def json_answer(request: HttpRequest, status: int, document: object) -> HttpResponse:
    """Answer with a JSON document."""
    return HttpResponse(status, request.url, (("Content-Type", "application/json"),), json.dumps(document).encode())
