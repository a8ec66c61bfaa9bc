# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The page about the errors: `python -m tests.docs.errors_page` writes docs/errors.md.

It is made of the classes, their docstrings, and every place in the code that makes one with a text and a hint. What is
filled in when an error is made is shown as `…`.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from tests.hints.collected import PACKAGES, SOURCE, texts_of
from valetkey import errors

PAGE = Path(__file__).parent.parent.parent / "docs" / "errors.md"

BEGINNING = """# Errors

Every error is a `valetkey.AuthError`, named for what you do next. `error.hint` says it in one sentence, `str(error)`
has the text and the hint and is safe to show and to log, and `error.tried` says what was asked and what came back.
`python -m tests.docs.errors_page` writes this page from the code.

In Haystack an error arrives as `MCPAuthorizationError` (a login that is needed: `AuthorizationRequired`), and `.error`
is one of these. A server that is down, has another URL or another transport is an `MCPServerError`, with a `.hint` too.
Under an MCP session of the SDK, `auth_error_behind(error)` of `valetkey.httpx2` or `valetkey.httpx` gives it.

An `except` for a parent handles its children:

```text
{tree}
```

In the tables, `…` stands for what is filled in: a URL, a name, a server's words.
"""

DO = {
    "AuthError": "Catch it to handle every error of Valetkey; the classes below say more.",
    "TemporaryError": "Try again later. Nothing is lost: the session and the refresh token stay.",
    "LoginRequired": "Let the person log in: `login()`, `valetkey login URL`, or the link in `authorization_url`.",
    "LoginFailed": "Read how the login ended, and let the person log in again. The session of before, if any, stays.",
    "Refused": "Read `error` and `description`, in the authorization server's words, and change what it refuses.",
    "ClientRefused": "Check `client_id` and `client_secret`, or [register a client by hand](what-to-register.md).",
    "TokenRejected": (
        "Do not log in again: the login works, and the MCP server does not take its token. Often the audience is "
        "wrong: see `resource=` and the profile of the [provider](providers.md), or ask the server's operator."
    ),
    "ScopeMissing": "Ask for what `required` names: `scope=`, `login()`, or the administrator who grants it.",
    "Unsupported": "Read `tried`: what was asked, and what came back. Then do what the hint says.",
    "TrustError": (
        "Find out who is right before you go on: a server may pretend to be another one. Valetkey tries nothing else "
        "by itself."
    ),
    "IssuerMismatch": "Compare `expected` with `received`. If you trust the other one, give `issuer=`.",
    "ResourceMismatch": "Compare the URL that you gave (`expected`) with the one that the server names (`received`).",
    "InsecureEndpoint": "Use https, or name the address yourself if it is meant: the hint says with which option.",
    "StateMismatch": "Log in again, and use the newest link.",
    "MalformedDocument": "Tell the operator of the server at `url`; `member` says what is missing or wrong.",
    "StoreError": "Mend the place that the text names: it cannot be read, written or locked. Nothing in it is deleted.",
    "StoreLocked": "Give the key: `VALETKEY_STORE_KEY`, `VALETKEY_STORE_KEY_FILE`, or unlock the keyring.",
    "StoreBusy": "Try again.",
    "ConfigurationError": "Correct the options. It is raised before anything is sent.",
}
"""What to do about each class."""

TOO_MANY = "ConfigurationError"
"""Each of its texts names the option, so none needs a table."""

LEAST_WORDS = 2
"""Of a text that is worth a row."""


def classes() -> list[type[errors.AuthError]]:
    """Every public error, in the order of the tree."""
    found: list[type[errors.AuthError]] = []

    def visit(kind: type[errors.AuthError]) -> None:
        if kind not in found and getattr(errors, kind.__name__, None) is kind:
            found.append(kind)
            for child in kind.__subclasses__():
                visit(child)

    visit(errors.AuthError)
    return sorted(found, key=lambda kind: list(DO).index(kind.__name__))


def places() -> Iterator[tuple[str, str, str]]:
    """Class, text and hint of every place in the code that makes an error."""
    for package in PACKAGES:
        for path in sorted((SOURCE / package).rglob("*.py")):
            module = ast.parse(path.read_text(encoding="utf-8"))
            for function in ast.walk(module):
                if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield from _made_in(function, module)


def _made_in(function: ast.AST, module: ast.Module) -> Iterator[tuple[str, str, str]]:
    known = {kind.__name__ for kind in classes()}
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in known and node.args:
            hints = [each.value for each in node.keywords if each.arg == "hint"]
            for hint in hints:
                for text in _texts(node.args[0], function, module, node.lineno):
                    for remedy in _texts(hint, function, module, node.lineno):
                        yield node.func.id, text, remedy


def _texts(expression: ast.expr, function: ast.AST, module: ast.Module, line: int) -> list[str]:
    """The texts that an expression may be; a name is looked up where it was given last."""
    if not isinstance(expression, ast.Name):
        return texts_of(expression)
    for scope in (function, module):
        given = [
            node
            for node in ast.walk(scope)
            if isinstance(node, ast.Assign | ast.AnnAssign)
            and node.value is not None
            and node.lineno <= line
            and expression.id in _names(node)
        ]
        if given:
            value = max(given, key=lambda node: node.lineno).value
            return texts_of(value) if value is not None else []
    return []


def _names(node: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def cell(text: str) -> str:
    """A text for a cell of a table."""
    text = " ".join(re.sub(r"(\{\} ?)+(?=\{\})", "", text).replace("{}", "…").split())
    return re.sub(r"([|*_<\[\]`])", r"\\\1", text)


def says_something(text: str) -> bool:
    """True if more is there than what is filled in."""
    return len(re.findall(r"[a-z]{2,}", text)) >= LEAST_WORDS


def tree() -> str:
    """The tree of errors, as the docstring of their module draws it."""
    lines = (errors.__doc__ or "").splitlines()
    start = next(number for number, line in enumerate(lines) if line.strip().startswith("AuthError"))
    end = next(number for number in range(start, len(lines)) if not lines[number].strip())
    return inspect.cleandoc("\n".join(lines[start:end]))


def section(kind: type[errors.AuthError], found: list[tuple[str, str, str]]) -> str:
    """What the page says about one class."""
    name = kind.__name__
    summary, _, fields = inspect.cleandoc(kind.__doc__ or "").partition(":param ")
    parents = [each.__name__ for each in kind.__bases__ if each in classes()]
    below = f" A kind of {' and '.join(f'`{each}`' for each in parents)}." if parents else ""
    parts = [f"## {name}", f"{' '.join(summary.split())}{below}", f"**What to do:** {DO[name]}"]
    attributes = re.findall(r"^(?::param )?(\w+): ((?:.|\n(?!:))*)", fields, re.MULTILINE) if fields else []
    if attributes:
        parts.append("\n".join(f"- `.{each}`: {' '.join(text.split())}" for each, text in attributes))
    rows = sorted({(cell(text), cell(hint)) for made, text, hint in found if made == name and text != "{}"})
    rows = [(text, hint) for text, hint in rows if says_something(text) and says_something(hint)]
    if rows and name != TOO_MANY:
        table = [f"| {text} | {hint} |" for text, hint in rows]
        parts.append("\n".join(["| what it says | what to do |", "|---|---|", *table]))
    return "\n\n".join(parts)


def written() -> str:
    """The text of the page."""
    found = list(places())
    beginning = BEGINNING.replace("{tree}", tree())
    return "\n\n".join([beginning.rstrip(), *(section(kind, found) for kind in classes())]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
