# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The pages that end a login in the browser. They load nothing, and take the code out of the history."""

import base64
import hashlib
import html

_STYLE = """
:root { color-scheme: light dark; --ground: #f6f5f1; --card: #fff; --ink: #1d1d1b; --soft: #5c5b56; --line: #e3e1d9; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #191917; --card: #232320; --ink: #f3f2ed; --soft: #aaa89f; --line: #383732; }
}
* { box-sizing: border-box; margin: 0; }
body { min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; }
main { width: 100%; max-width: 27rem; padding: clamp(1.5rem, 8vw, 2.25rem); background: var(--card);
  border: 1px solid var(--line); border-radius: 14px; }
svg { display: block; width: 44px; height: 44px; margin-bottom: 1.1rem; }
h1 { font-size: 1.35rem; line-height: 1.3; margin-bottom: .6rem; text-wrap: balance; }
p { color: var(--soft); overflow-wrap: anywhere; }
p + p { margin-top: .7rem; }
strong { color: var(--ink); }
footer { margin-top: 1.6rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft);
  font-size: .85rem; }
"""
_SCRIPT = "history.replaceState(null, '', '/');"
_GOOD = (
    '<svg viewBox="0 0 44 44" aria-hidden="true"><circle cx="22" cy="22" r="22" fill="#2f7d4f"/>'
    '<path d="M13 22.5l6.2 6.2L31.5 16.5" fill="none" stroke="#fff" stroke-width="3.6" stroke-linecap="round" '
    'stroke-linejoin="round"/></svg>'
)
_BAD = (
    '<svg viewBox="0 0 44 44" aria-hidden="true"><circle cx="22" cy="22" r="22" fill="#b3402e"/>'
    '<path d="M22 12.5v12.5" fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round"/>'
    '<circle cx="22" cy="31.5" r="2.5" fill="#fff"/></svg>'
)
_NEUTRAL = (
    '<svg viewBox="0 0 44 44" aria-hidden="true"><circle cx="22" cy="22" r="22" fill="#6f6d66"/>'
    '<path d="M22 31.5v-12.5" fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round"/>'
    '<circle cx="22" cy="12.5" r="2.5" fill="#fff"/></svg>'
)


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}
"""Nothing from elsewhere, no referrer, no cache, no frame (RFC 9700 §4.2.4)."""


def logged_in_page(server: str) -> bytes:
    """Write the page of a login that succeeded; `server` is the host of the MCP server."""
    text = f"Your program can use <strong>{html.escape(server)}</strong> now."
    return _page("You are logged in", [text, "You can close this tab."], _GOOD)


def failed_page(message: str, hint: str) -> bytes:
    """Write the page of a login that failed: what happened, and what to do."""
    return _page("The login did not work", [html.escape(message), html.escape(hint)], _BAD)


def undecided_page() -> bytes:
    """Write the page of a login whose result takes longer than a browser should wait."""
    return _page("Almost there", ["Go back to your program. It will tell you whether the login worked."], _NEUTRAL)


def stray_page() -> bytes:
    """Write the page for a request that is no answer to a login."""
    texts = ["This address only takes the answer to a login that a program on this computer has started."]
    return _page("Nothing to see here", texts, _NEUTRAL)


def _page(title: str, paragraphs: list[str], picture: str) -> bytes:
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    document = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><main>{picture}<h1>{title}</h1>{body}<footer>Valetkey</footer></main>"
        f"<script>{_SCRIPT}</script></body></html>"
    )
    return document.encode()
