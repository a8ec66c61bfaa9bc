# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A browser and the person in front of it: `python scripted_browser.py SETTING=VALUE ... URL`.

It follows redirects, logs in and consents until it stands on a page that asks nothing, normally the one that the login
shows at its loopback address. It imports little, so that a test does not wait for it. Settings:

* `log`: a file that gets one line for each opened URL, without its one-time values.
* `deny`: `1` for a person who logs in and then does not consent.
"""

import http.client
import re
import sys
import time
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from urllib.parse import parse_qs, parse_qsl, urlencode, urljoin, urlsplit

_MAX_STEPS = 20
_MAX_SECONDS = 60.0
_MAX_BODY = 1 << 20
_LOGIN = {"text": "alice", "email": "alice@example.test", "password": "alicepass"}
_ONE_TIME = frozenset({"code", "state", "nonce", "code_challenge", "request_uri"})
_LEFT_ALONE = ("button", "reset", "checkbox", "radio")
_ENDS_THE_LOGIN = "End the login"
_NO = re.compile(r"cancel|abort|deny|decline|reject", re.IGNORECASE)


class Lost(Exception):
    """The browser does not get to the callback; the message says where it stands."""


class Form:
    """
    A form as a person sees it.

    :param action: Where it goes, None for the page itself.
    :param method: How.
    """

    def __init__(self, action: str | None, method: str) -> None:
        self.action = action
        self.method = method.upper()
        self.asks = False
        self._fields: list[tuple[str, str]] = []
        self._buttons: list[tuple[str, str, str]] = []

    def add_input(self, attributes: Mapping[str, str | None]) -> None:
        """Take an input element and fill it in."""
        kind = (attributes.get("type") or "text").lower()
        name, value = attributes.get("name") or "", attributes.get("value") or ""
        if kind == "submit":
            self.add_button(name, value, value)
        elif name and (kind not in _LEFT_ALONE or "checked" in attributes):
            self.asks = self.asks or kind in _LOGIN
            self._fields.append((name, value or _LOGIN.get(kind, "")))

    def add_button(self, name: str, value: str, label: str) -> None:
        """Take a button; one without a name sends nothing itself."""
        self._buttons.append((name, value, label))

    def pressed(self, *, refuse: bool) -> list[tuple[str, str]] | None:
        """
        Press the button that says yes, or the one that says no.

        :param refuse: True for no.
        :returns: What the form sends, None if there is no button to say no.
        """
        fitting = [(name, value) for name, value, label in self._buttons if bool(_NO.search(name + label)) == refuse]
        if refuse and not fitting:
            return None
        return [*self._fields, *((name, value) for name, value in fitting[:1] if name)]


class Page(HTMLParser):
    """
    A page that was read.

    :param url: Where.
    :param status: The status of the answer.
    :param location: Where the answer redirects to.
    :param body: The HTML.
    """

    def __init__(self, url: str, status: int, location: str | None, body: str) -> None:
        super().__init__()
        self.url = url
        self.status = status
        self.location = location
        self.body = body
        self.forms: list[Form] = []
        self.refusals: list[str] = []
        self._words: list[str] = []
        self._link: str | None = None
        self._button: dict[str, str | None] | None = None
        self._label = ""
        self.feed(body)
        self.close()

    @property
    def text(self) -> str:
        """What a person reads."""
        return " ".join(" ".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the forms, what is in them, and the links."""
        attributes = dict(attrs)
        if tag == "form":
            self.forms.append(Form(attributes.get("action"), attributes.get("method") or "get"))
        elif tag == "input" and self.forms:
            self.forms[-1].add_input(attributes)
        elif tag == "button":
            self._button, self._label = attributes, ""
        elif tag == "a":
            self._link = attributes.get("href")

    def handle_endtag(self, tag: str) -> None:
        """Note where a link or a button ends."""
        if tag == "a":
            self._link = None
        elif tag == "button" and self._button is not None:
            if self.forms and self._button.get("type") in (None, "submit"):
                self.forms[-1].add_button(self._button.get("name") or "", self._button.get("value") or "", self._label)
            self._button = None

    def handle_data(self, data: str) -> None:
        """Note the words, and which links say no."""
        if self.cdata_elem is not None:  # a style sheet or a script
            return
        self._words.append(data)
        self._label += data
        if self._link and _NO.search(data):
            self.refusals.append(self._link)


class Cookies:
    """The cookies of one browser. As in any browser, the ports of a host share them (RFC 6265 §8.5)."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str, str], str] = {}

    def take(self, host: str, path: str, field: str) -> None:
        """Keep or forget the cookie of a `Set-Cookie` field that came from a path of a host."""
        pair, *rest = (part.strip() for part in field.split(";"))
        name, _, value = pair.partition("=")
        attributes = {key.lower(): text for key, _, text in (part.partition("=") for part in rest)}
        place = (host, attributes.get("path") or path.rpartition("/")[0] or "/", name)
        if value and attributes.get("max-age") != "0":
            self._values[place] = value
        else:
            self._values.pop(place, None)

    def header(self, host: str, path: str) -> str:
        """Write the `Cookie` value of a request, empty if there are none; the longest path first (RFC 6265 §5.4)."""
        fitting = [
            (place, f"{name}={value}")
            for (of, place, name), value in self._values.items()
            if of == host and (path == place or path.startswith(place.rstrip("/") + "/"))
        ]
        return "; ".join(text for _, text in sorted(fitting, key=lambda entry: -len(entry[0])))


class ScriptedBrowser:
    """
    A browser with a person who logs in as alice and says yes.

    :param deny: The person says no where consent is asked.
    :param log: The file that gets a line for each opened URL.
    :param user_code: What the person types where a device's code is asked for (RFC 8628 §3.3).
    """

    def __init__(self, *, deny: bool = False, log: str | None = None, user_code: str | None = None) -> None:
        self._deny = deny
        self._log = log
        self._user_code = user_code
        self._cookies = Cookies()

    def open(self, url: str) -> Page:
        """
        Open a URL and go on to the page where nothing is left to do.

        :param url: The URL.
        :returns: The last page.
        :raises Lost: If that is an error page or not the redirect URI, or takes too many steps.
        """
        if self._log:
            with open(self._log, "a", encoding="utf-8") as log:
                log.write(without_one_time_values(url) + "\n")
        deadline = time.monotonic() + _MAX_SECONDS
        expected = parse_qs(urlsplit(url).query).get("redirect_uri", [""])[0]
        delivered = not expected
        method, form = "GET", b""
        for _ in range(_MAX_STEPS):
            delivered = delivered or url.partition("?")[0] == expected.partition("?")[0]
            page = self._visit(method, url, form, deadline)
            onward = self._next(page, method, form)
            if onward is None:
                if page.status >= 400 or not delivered:
                    message = f"stopped at {without_one_time_values(page.url)} ({page.status}): {page.text[:500]}"
                    raise Lost(message)
                return page
            method, url, form = onward
        message = f"more than {_MAX_STEPS} pages, the last at {without_one_time_values(url)}"
        raise Lost(message)

    def _next(self, page: Page, method: str, form: bytes) -> tuple[str, str, bytes] | None:
        """Decide what the person or the browser does with a page; None: nothing."""
        if 300 <= page.status < 400 and page.location:
            target = urljoin(page.url, page.location)
            # RFC 9110 §15.4: only 307 and 308 keep the method.
            return (method, target, form) if page.status in (307, 308) else ("GET", target, b"")
        has_lost_the_state = _ENDS_THE_LOGIN in page.text  # the person presses the button of our page
        if not page.forms or (page.status >= 400 and not has_lost_the_state):
            return None
        asked = page.forms[0]
        refuse = self._deny and not asked.asks and not has_lost_the_state
        sent = asked.pressed(refuse=refuse)
        if refuse and page.refusals:
            return "GET", urljoin(page.url, page.refusals[0]), b""
        if sent is None:
            message = f"nothing to say no with: {page.text[:500]}"
            raise Lost(message)
        if self._user_code is not None:
            sent = [(name, self._user_code if name == "user_code" else value) for name, value in sent]
        target, content = urljoin(page.url, asked.action or ""), urlencode(sent)
        if asked.method == "POST":
            return "POST", target, content.encode()
        return "GET", f"{target.partition('?')[0]}?{content}", b""

    def _visit(self, method: str, url: str, form: bytes, deadline: float) -> Page:
        parts = urlsplit(url)
        host, path = parts.hostname or "", parts.path or "/"
        connection = _connect(parts.scheme, host, parts.port, deadline - time.monotonic())
        headers = {"Accept": "text/html", "User-Agent": "scripted-browser"}
        cookies = self._cookies.header(host, path)
        if cookies:
            headers["Cookie"] = cookies
        if method == "POST":
            headers |= {
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": f"{parts.scheme}://{parts.netloc}",
            }
        try:
            connection.request(method, path + ("?" + parts.query if parts.query else ""), form or None, headers)
            response = connection.getresponse()
            body = response.read(_MAX_BODY).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            message = f"no answer from {without_one_time_values(url)}: {error!r}"
            raise Lost(message) from error
        finally:
            connection.close()
        for field in response.headers.get_all("Set-Cookie", []):
            self._cookies.take(host, path, field)
        return Page(url, response.status, response.headers.get("Location"), body)


def without_one_time_values(url: str) -> str:
    """
    Take the one-time values out of a URL, so that it can be written down.

    :param url: The URL.
    :returns: The URL with the names and without the values.
    """
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = urlencode([(name, "removed" if name in _ONE_TIME else value) for name, value in pairs])
    return parts._replace(query=query, fragment="").geturl()


def _connect(scheme: str, host: str, port: int | None, seconds: float) -> http.client.HTTPConnection:
    if seconds <= 0:
        message = f"not at the end after {_MAX_SECONDS:g} s"
        raise Lost(message)
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=seconds)
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=seconds)
    message = f"a browser does not open {scheme}: here"
    raise Lost(message)


def settings_of(arguments: Sequence[str]) -> dict[str, str]:
    """Read the settings, which come before the URL."""
    return dict(argument.split("=", 1) for argument in arguments[:-1])


def main(arguments: Sequence[str]) -> int:
    """
    Run as a program.

    :param arguments: The settings and the URL.
    :returns: The exit status.
    """
    if not arguments:
        sys.stderr.write("usage: scripted_browser.py SETTING=VALUE ... URL\n")
        return 2
    settings = settings_of(arguments)
    browser = ScriptedBrowser(deny=settings.get("deny") == "1", log=settings.get("log"))
    try:
        browser.open(arguments[-1])
    except Lost as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
