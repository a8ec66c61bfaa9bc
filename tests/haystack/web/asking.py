# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""An ASGI server in a few lines, for requests to an app with the header fields that a browser sends."""

import asyncio
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urlsplit

PUBLIC = "https://bot.example.com"
GOES_THERE = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "none"}
"""What a browser says of a person who opens a link."""


@dataclass
class Reply:
    """What an app has answered."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    scope: dict = field(default_factory=dict)

    @property
    def text(self):
        return self.body.decode()

    @property
    def heading(self):
        return self.text.partition("<h1>")[2].partition("</h1>")[0]

    @property
    def location(self):
        return self.headers["location"]

    @property
    def forms(self):
        """The forms of the page: where each goes, and what is in it."""
        reader = _Forms()
        reader.feed(self.text)
        return reader.forms

    def form(self, act, server=""):
        """The one form that goes to a path that ends with `act`, of a server whose name is in it."""
        (found,) = [form for form in self.forms if form["action"].endswith(act) and server in form["label"]]
        return found


class _Forms(HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms = []

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        if tag == "form":
            self.forms.append({"action": named["action"], "fields": {}, "label": ""})
        elif tag == "input":
            self.forms[-1]["fields"][named["name"]] = named["value"]
        elif tag == "button":
            self.forms[-1]["label"] = named["aria-label"]


def scope_of(target, method="GET", headers=(), **more):
    """What an ASGI server makes of a request."""
    parts = urlsplit(target)
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    return {
        **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http"},
        **{"path": parts.path, "raw_path": parts.path.encode(), "query_string": parts.query.encode("latin-1")},
        **{"root_path": "", "headers": pairs, "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 8000)},
        **more,
    }


async def ask_async(app, target, *, user=None, method="GET", headers=None, body=b"", **more):
    """Send one request; `user` is who the proxy in front says it is of."""
    fields = {"host": "bot.example.com", **GOES_THERE, **(headers or {})}
    if user is not None:
        fields["x-forwarded-user"] = user
    reply = Reply(scope=scope_of(target, method, fields.items(), **more))
    parts = [body[begin : begin + 4096] for begin in range(0, len(body), 4096)] or [b""]
    messages = [
        {"type": "http.request", "body": part, "more_body": number < len(parts)} for number, part in enumerate(parts, 1)
    ]

    async def receive():
        if not messages:
            await asyncio.Event().wait()  # the browser stays until it has the answer
        return messages.pop(0)

    async def send(message):
        if message["type"] == "http.response.start":
            reply.status = message["status"]
            reply.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
        else:
            reply.body += message.get("body", b"")

    await app(reply.scope, receive, send)
    return reply


def ask(app, target, **options):
    """Send one request from a program without an event loop."""
    return asyncio.run(ask_async(app, target, **options))


def press(app, form, *, user, headers=None, **changes):
    """Press the button of a form on a page of the app, as its user's browser does."""
    fields = {**form["fields"], **changes}
    own = {"origin": PUBLIC, "sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}
    body = urlencode(fields).encode()
    return ask(app, form["action"], user=user, method="POST", headers={**own, **(headers or {})}, body=body)


def target_of(url):
    """Give path and query of a URL, as they come to the app."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
