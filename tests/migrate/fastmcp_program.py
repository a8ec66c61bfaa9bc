# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A program over FastMCP's client that keeps its session: `python -m tests.migrate.fastmcp_program URL FOLDER`.

It is what FastMCP's own documentation shows: encrypted, in files.
"""

import asyncio
import json
import socket
import sys
import threading
import time
import webbrowser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptography.fernet import Fernet
from fastmcp import Client
from fastmcp.client.auth import OAuth
from key_value.aio.stores.filetree import (
    FileTreeStore,
    FileTreeV1CollectionSanitizationStrategy,
    FileTreeV1KeySanitizationStrategy,
)
from key_value.aio.wrappers.encryption import FernetEncryptionWrapper

from tests.servers.scripted_browser import ScriptedBrowser

_SECONDS = 50.0
_POLL = 0.02
KEY = b"dGhpcy1rZXktaXMtZm9yLXRlc3RzLWFuZC1ub3RoaW4="


def storage(folder: Path) -> FernetEncryptionWrapper:
    """Make the storage that the program gives to FastMCP."""
    folder.mkdir(exist_ok=True)
    files = FileTreeStore(
        data_directory=folder,
        key_sanitization_strategy=FileTreeV1KeySanitizationStrategy(folder),
        collection_sanitization_strategy=FileTreeV1CollectionSanitizationStrategy(folder),
    )
    return FernetEncryptionWrapper(key_value=files, fernet=Fernet(KEY))


async def main(url: str, folder: str) -> None:
    """Call a tool, with a login if there is no session yet."""
    async with Client(url, auth=OAuth(token_storage=storage(Path(folder)))) as client:
        print(json.dumps((await client.call_tool("whoami")).data))  # noqa: T201 - its answer


class Person(webbrowser.BaseBrowser):
    """A browser and who sits there. FastMCP opens it before it listens for the answer, as no person would notice."""

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        threading.Thread(target=self._visit, args=(url,)).start()
        return True

    def _visit(self, url: str) -> None:
        answer = urlsplit(parse_qs(urlsplit(url).query)["redirect_uri"][0])
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            try:
                socket.create_connection((answer.hostname, answer.port), _POLL).close()
                break
            except OSError:
                time.sleep(_POLL)
        ScriptedBrowser().open(url)


if __name__ == "__main__":
    webbrowser.register("person", None, Person("person"), preferred=True)
    asyncio.run(main(*sys.argv[1:]))
