# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The design of every page of a login: its style, its signs, its header fields, and how a text from outside is shown.

A page loads nothing, and asks for what it needs (a style, a script) by its hash.
"""

import base64
import hashlib
import html
import unicodedata

STYLE = """
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


def _sign(kind: str, inside: str) -> str:
    return (
        f'<svg class="sign" viewBox="0 0 56 56" aria-hidden="true"><circle class="{kind}" cx="28" cy="28" r="28"/>'
        f"{inside}</svg>"
    )


GOOD = _sign("good", '<path class="stroke drawn" d="M17 29l7.6 7.6L39.5 21"/>')
BAD = _sign("bad", '<path class="stroke" d="M28 16v15"/><circle class="dot" cx="28" cy="39.5" r="2.6"/>')
CALM = _sign("calm", '<path class="stroke" d="M28 40V25"/><circle class="dot" cx="28" cy="16.5" r="2.6"/>')
_KEY = (
    '<svg class="key" viewBox="0 0 22 12" aria-hidden="true"><circle cx="6" cy="6" r="4.6"/>'
    '<path d="M10.8 6h10v3.6M17 6v2.6"/></svg>'
)

_LONGEST_TEXT = 1500
"""Characters of a text that are shown; the program has all of it."""
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of characters that show nothing, and may turn the direction of what stands beside them."""


def header_fields(style: str = STYLE, *, script: str | None = None, form_action: str = "'none'") -> dict[str, str]:
    """Nothing from elsewhere, no referrer, no cache, no frame (RFC 9700 §4.2.4), and no hold on it for another page."""
    allowed = f"style-src {_hash(style)}; " + (f"script-src {_hash(script)}; " if script is not None else "")
    return {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Content-Security-Policy": f"default-src 'none'; {allowed}frame-ancestors 'none'; base-uri 'none'; "
        f"form-action {form_action}",
    }


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def shown(text: str) -> str:
    """Escape a text from outside, and put a mark for each character that shows nothing."""
    shortened = text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"
    return html.escape("".join("�" if unicodedata.category(each) in _INVISIBLE else each for each in shortened))


def document(
    title: str, body: str, sign: str, *, style: str = STYLE, script: str | None = None, head: str = ""
) -> bytes:
    """Write a page; `title`, `body` and `head` are markup, so what they show has passed `shown`."""
    ending = f"<script>{script}</script>" if script is not None else ""
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{head}<style>{style}</style></head>'
        f"<body><main>{sign}<h1>{title}</h1>{body}<footer>{_KEY}Valetkey</footer></main>{ending}</body></html>"
    )
    return text.encode()
