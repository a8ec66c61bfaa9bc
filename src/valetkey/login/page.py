# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The pages that end a login in the browser. They load nothing, and take the code out of the history."""

import base64
import hashlib
import html
import unicodedata

_STYLE = """
:root { color-scheme: light dark; --ground: #f4f2ec; --card: #fff; --ink: #1c1b19; --soft: #5a5852;
  --line: #e4e0d6; --well: #f7f5f0; --shade: 0 1px 2px #2b251a14, 0 18px 40px -18px #2b251a33; --good: #2f7d4f;
  --bad: #b3402e; --calm: #6f6b60; --focus: #2f5d9b; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #161614; --card: #23221f; --ink: #f4f2ec; --soft: #b1ada2; --line: #3a3833;
    --well: #1b1a18; --shade: 0 1px 2px #0006, 0 18px 40px -18px #000c; --good: #35905b; --bad: #c9503c;
    --calm: #7b766a; --focus: #8db4ea; }
}
* { box-sizing: border-box; margin: 0; }
body { min-height: 100vh; min-height: 100svh; display: grid; place-items: center; padding: 1.25rem;
  background: var(--ground); color: var(--ink); font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { width: 100%; min-width: 0; max-width: 29rem; padding: clamp(1.5rem, 7vw, 2.5rem); background: var(--card);
  border: 1px solid var(--line); border-radius: 20px; box-shadow: var(--shade); }
.sign { display: block; width: 56px; height: 56px; margin-bottom: 1.35rem; }
.good { fill: var(--good); } .bad { fill: var(--bad); } .calm { fill: var(--calm); }
.stroke { fill: none; stroke: #fff; stroke-width: 3.4; stroke-linecap: round; stroke-linejoin: round; }
.dot { fill: #fff; }
h1 { font-size: clamp(1.4rem, 5.5vw, 1.65rem); line-height: 1.25; letter-spacing: -.015em; margin-bottom: .7rem;
  text-wrap: balance; }
p { color: var(--soft); overflow-wrap: anywhere; text-wrap: pretty; unicode-bidi: isolate; }
p + p { margin-top: .75rem; }
strong { color: var(--ink); font-weight: 600; }
p:empty { display: none; }
.todo { margin-top: 1.2rem; padding: .85rem 1.05rem; background: var(--well); border: 1px solid var(--line);
  border-radius: 12px; color: var(--ink); }
form { margin-top: 1.4rem; }
button { width: 100%; min-height: 2.9rem; padding: .6rem 1.2rem; border: 0; border-radius: 12px; background: var(--ink);
  color: var(--card); font: inherit; font-weight: 600; cursor: pointer; }
button:hover { opacity: .88; }
button:focus-visible { outline: 3px solid var(--focus); outline-offset: 3px; }
footer { display: flex; align-items: center; gap: .5rem; margin-top: 1.9rem; padding-top: 1.1rem;
  border-top: 1px solid var(--line); color: var(--soft); font-size: .85rem; }
.key { width: 22px; height: 12px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round;
  stroke-linejoin: round; }
@media (prefers-reduced-motion: no-preference) {
  main { animation: rise .45s cubic-bezier(.2, .8, .2, 1) both; }
  .drawn { stroke-dasharray: 60; animation: draw .55s .18s ease-out both; }
}
@keyframes rise { from { transform: translateY(10px); } }
@keyframes draw { from { stroke-dashoffset: 60; } }
@media (forced-colors: active) { .stroke { stroke: Canvas; } .dot { fill: Canvas; } }
"""
_SCRIPT = "history.replaceState(null, '', location.pathname);"


def _sign(kind: str, inside: str) -> str:
    return (
        f'<svg class="sign" viewBox="0 0 56 56" aria-hidden="true"><circle class="{kind}" cx="28" cy="28" r="28"/>'
        f"{inside}</svg>"
    )


_GOOD = _sign("good", '<path class="stroke drawn" d="M17 29l7.6 7.6L39.5 21"/>')
_BAD = _sign("bad", '<path class="stroke" d="M28 16v15"/><circle class="dot" cx="28" cy="39.5" r="2.6"/>')
_CALM = _sign("calm", '<path class="stroke" d="M28 40V25"/><circle class="dot" cx="28" cy="16.5" r="2.6"/>')
_KEY = (
    '<svg class="key" viewBox="0 0 22 12" aria-hidden="true"><circle cx="6" cy="6" r="4.6"/>'
    '<path d="M10.8 6h10v3.6M17 6v2.6"/></svg>'
)

_LONGEST_TEXT = 1500
"""Characters of a text that are shown; the program has all of it."""
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of characters that show nothing, and may turn the direction of what stands beside them."""


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}
"""Nothing from elsewhere, no referrer, no cache, no frame (RFC 9700 §4.2.4), and no hold on it for another page."""

HEADERS_OF_FORM = {
    **HEADERS,
    "Content-Security-Policy": HEADERS["Content-Security-Policy"].replace("form-action 'none'", "form-action 'self'"),
}
"""For the one page with a button."""


def logged_in_page(server: str) -> bytes:
    """Write the page of a login that succeeded; `server` is the host of the MCP server."""
    text = f"Your program can use <strong>{_shown(server)}</strong> now."
    return _page("You are logged in", f"<p>{text}</p><p>You can close this tab.</p>", _GOOD)


def failed_page(message: str, hint: str) -> bytes:
    """Write the page of a login that failed: what happened, and what to do."""
    return _page("The login did not work", f'<p>{_shown(message)}</p><p class="todo">{_shown(hint)}</p>', _BAD)


def undecided_page() -> bytes:
    """Write the page of a login whose result takes longer than a browser should wait."""
    text = "Go back to your program. It will tell you whether the login worked."
    return _page("Almost there", f"<p>{text}</p>", _CALM)


def stray_page() -> bytes:
    """Write the page for a request that is no answer to a login."""
    text = "This address only takes the answer to a login that a program on this computer has started."
    return _page("Nothing to see here", f"<p>{text}</p>", _CALM)


def unread_page() -> bytes:
    """Write the page of an answer that comes as a form, or behind a `#`, which a browser does not send."""
    text = "The server has not put its answer into the query of this address, where your program reads it."
    text = f"{text} The program is still waiting."
    todo = "If you have come here from a login, stop your program, set"
    todo = f'{todo} authorization_parameters={{"response_mode": "query"}} there, and log in again.'
    return _page("This answer cannot be read", f'<p>{text}</p><p class="todo">{html.escape(todo)}</p>', _CALM)


def too_long_page() -> bytes:
    """Write the page of a request that is longer than any that is read: by its cookies, because a code is short."""
    text = "Your browser has sent too many cookies of programs on this computer along. Your program is still waiting."
    todo = "Open the link of your program in a private window, or delete the cookies of 127.0.0.1 and localhost."
    return _page("This request is too long", f'<p>{text}</p><p class="todo">{todo}</p>', _CALM)


def doubtful_page(address: str) -> bytes:
    """Write the page of an answer that does not prove to belong to the login; a POST to `address` hands it over."""
    happened = "Nothing proves that it belongs to the login that your program waits for. The program is still waiting."
    unknown = "<strong>If you have not just allowed or declined a login,</strong> another page has sent you here. Close"
    known = "<strong>If you have,</strong> the server has lost the proof. End the login to read what went wrong."
    button = f'<form method="post" action="{html.escape(address)}"><button>End the login</button></form>'
    body = f"<p>{happened}</p><p>{unknown} this tab.</p><p>{known}</p>{button}"
    return _page("This answer does not count", body, _CALM)


def _shown(text: str) -> str:
    """Escape a text from outside, and put a mark for each character that shows nothing."""
    shortened = text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"
    return html.escape("".join("�" if unicodedata.category(each) in _INVISIBLE else each for each in shortened))


def _page(title: str, body: str, sign: str) -> bytes:
    document = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><main>{sign}<h1>{title}</h1>{body}<footer>{_KEY}Valetkey</footer></main>"
        f"<script>{_SCRIPT}</script></body></html>"
    )
    return document.encode()
