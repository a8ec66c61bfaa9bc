# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The pages that end a login in the browser. They load nothing, and take the code out of the history."""

import html

from valetkey.login.page_design import BAD, CALM, GOOD, document, header_fields, shown

_SCRIPT = "history.replaceState(null, '', location.pathname);"

HEADERS = header_fields(script=_SCRIPT)
HEADERS_OF_FORM = header_fields(script=_SCRIPT, form_action="'self'")
"""For the one page with a button."""


def logged_in_page(server: str) -> bytes:
    """Write the page of a login that succeeded; `server` is the host of the MCP server."""
    text = f"Your program can use <strong>{shown(server)}</strong> now."
    return _page("You are logged in", f"<p>{text}</p><p>You can close this tab.</p>", GOOD)


def failed_page(message: str, hint: str) -> bytes:
    """Write the page of a login that failed: what happened, and what to do."""
    return _page("The login did not work", f'<p>{shown(message)}</p><p class="todo">{shown(hint)}</p>', BAD)


def undecided_page() -> bytes:
    """Write the page of a login whose result takes longer than a browser should wait."""
    text = "Go back to your program. It will tell you whether the login worked."
    return _page("Almost there", f"<p>{text}</p>", CALM)


def stray_page() -> bytes:
    """Write the page for a request that is no answer to a login."""
    text = "This address only takes the answer to a login that a program on this computer has started."
    return _page("Nothing to see here", f"<p>{text}</p>", CALM)


def unread_page() -> bytes:
    """Write the page of an answer that comes as a form, or behind a `#`, which a browser does not send."""
    text = "The server has not put its answer into the query of this address, where your program reads it."
    text = f"{text} The program is still waiting."
    todo = "If you have come here from a login, stop your program, set"
    todo = f'{todo} authorization_parameters={{"response_mode": "query"}} there, and log in again.'
    return _page("This answer cannot be read", f'<p>{text}</p><p class="todo">{html.escape(todo)}</p>', CALM)


def too_long_page() -> bytes:
    """Write the page of a request that is longer than any that is read: by its cookies, because a code is short."""
    text = "Your browser has sent too many cookies of programs on this computer along. Your program is still waiting."
    todo = "Open the link of your program in a private window, or delete the cookies of 127.0.0.1 and localhost."
    return _page("This request is too long", f'<p>{text}</p><p class="todo">{todo}</p>', CALM)


def doubtful_page(address: str) -> bytes:
    """Write the page of an answer that does not prove to belong to the login; a POST to `address` hands it over."""
    happened = "Nothing proves that it belongs to the login that your program waits for. The program is still waiting."
    unknown = "<strong>If you have not just allowed or declined a login,</strong> another page has sent you here. Close"
    known = "<strong>If you have,</strong> the server has lost the proof. End the login to read what went wrong."
    button = f'<form method="post" action="{html.escape(address)}"><button>End the login</button></form>'
    body = f"<p>{happened}</p><p>{unknown} this tab.</p><p>{known}</p>{button}"
    return _page("This answer does not count", body, CALM)


def _page(title: str, body: str, sign: str) -> bytes:
    return document(title, body, sign, script=_SCRIPT)
