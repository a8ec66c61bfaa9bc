# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the shell completes: the URLs and accounts of the stored sessions. Only the store is read; nothing is sent."""

import io
import os
import re
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from valetkey._sessions.listing import StoredSession

_PLAIN = re.compile(r"[\w@%+:./][\w@%+=:,./-]*")


def complete_url(ctx: Any, incomplete: str) -> list[str]:
    """Give the URLs that begin with what is typed."""
    found = sorted({url for each in _sessions(ctx) if (url := each.said("url")) is not None and _is_plain(url)})
    return [url for url in found if url.startswith(incomplete)]


def complete_label(ctx: Any, incomplete: str) -> list[str]:
    """Give the accounts that begin with what is typed; those of the URL, if it is typed already."""
    # While the value of an option is typed, the arguments before it are not given their names yet.
    url = ctx.params.get("url") or next((each for each in ctx.args if "://" in each), None)
    at_url = [each for each in _sessions(ctx) if url in (None, each.said("url"))]
    labels = {each.said("label") or "" for each in at_url}
    return sorted(label for label in labels if label.startswith(incomplete) and _is_plain(label))


def complete_in_bash(run: Callable[[], None]) -> None:
    """Run the completion for bash, whose line editor takes a colon for the end of a word, also in a URL."""
    parts, at = os.environ["COMP_WORDS"].split("\n"), int(os.environ["COMP_CWORD"])
    before, after = _whole_words(parts[:at]), parts[at:]
    known = ""  # of the word that is typed, what the editor takes for words before it
    if after and len(before) > 1 and (after[0] == ":" or before[-1].endswith(":")):
        known = before.pop() + (":" if after[0] == ":" else "")
        after[0] = known if after[0] == ":" else known + after[0]
    os.environ["COMP_WORDS"], os.environ["COMP_CWORD"] = "\n".join([*before, *after]), str(len(before))
    said = io.StringIO()
    try:
        with redirect_stdout(said):
            run()
    finally:
        sys.stdout.write("".join(f"{line.removeprefix(known)}\n" for line in said.getvalue().splitlines()))


def _whole_words(parts: list[str]) -> list[str]:
    words: list[str] = []
    for part in parts:
        if len(words) > 1 and (part == ":" or words[-1].endswith(":")):
            words[-1] += part
        else:
            words.append(part)
    return words


def _sessions(ctx: Any) -> "list[StoredSession]":
    """Read the store; a store in trouble completes nothing, and prints nothing into the command line."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):
        try:
            from valetkey._cli.accounts import all_accounts
            from valetkey.store import open_store

            return all_accounts(open_store(ctx.params.get("store")))
        except Exception:  # noqa: BLE001 - a person who presses Tab has asked for no error
            return []
        finally:
            sys.stderr.flush()


def _is_plain(text: str) -> bool:
    """Tell whether a shell takes a text as it is: what is completed is inserted without quotes."""
    return _PLAIN.fullmatch(text) is not None
