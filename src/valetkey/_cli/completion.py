# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the shell completes: the URLs and accounts of the stored sessions. Only the store is read; nothing is sent."""

import os
import sys
from contextlib import redirect_stderr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from valetkey._sessions.listing import StoredSession


def complete_url(ctx: Any, incomplete: str) -> list[str]:
    """Give the URLs that begin with what is typed."""
    found = sorted({url for each in _sessions(ctx) if (url := each.said("url")) is not None and _is_plain(url)})
    return [url for url in found if url.startswith(incomplete)]


def complete_label(ctx: Any, incomplete: str) -> list[str]:
    """Give the accounts that begin with what is typed; those of the URL, if it is typed already."""
    url = ctx.params.get("url")
    at_url = [each for each in _sessions(ctx) if url in (None, each.said("url"))]
    labels = {each.said("label") or "" for each in at_url}
    return sorted(label for label in labels if label.startswith(incomplete) and _is_plain(label))


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
    return text.isprintable() and not any(character.isspace() for character in text)
