# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A Jupyter kernel without a browser, and a person in front of its notebook whose browser is on another computer."""

import re
from contextlib import contextmanager

import httpx2

from tests.examples.running import environment_of
from tests.fakes.threads import LONGEST_WAIT


class Notebook:
    """Runs cells as a frontend does, and answers the boxes that they open; `logins` counts the answers."""

    def __init__(self, client):
        self._client = client
        self._shown = []
        self.logins = 0

    def run(self, code):
        """Run a cell, and give what it shows: the printed text and the value of its last line."""
        before = len(self._shown)
        reply = self._client.execute_interactive(
            code, allow_stdin=True, stdin_hook=self._answer, output_hook=self._show, timeout=LONGEST_WAIT
        )
        shown = "".join(self._shown[before:])
        if reply["content"]["status"] != "ok":
            message = f"{reply['content']['ename']}: {reply['content']['evalue']}\n{shown}"
            raise CellFailed(message)
        return shown

    def _show(self, message):
        content = message["content"]
        if message["header"]["msg_type"] == "stream":
            self._shown.append(content["text"])
        elif message["header"]["msg_type"] == "execute_result":
            self._shown.append(content["data"]["text/plain"])

    def _answer(self, message):
        """Open the link that the cell has shown, and paste the address where the browser stops."""
        assert message["content"]["prompt"] == "Address: "
        while not (links := re.findall(r"^ +(http\S+)\n", "".join(self._shown), re.MULTILINE)):
            self._show(self._client.get_iopub_msg(timeout=LONGEST_WAIT))  # the box may come before the text
        self.logins += 1
        self._client.input(httpx2.get(links[-1]).headers["location"])


class CellFailed(Exception):
    """A cell has ended with an exception."""


@contextmanager
def a_notebook(folder, **environment):
    """Run a kernel; `folder` is where it keeps its files."""
    from jupyter_client.manager import start_new_kernel  # the other line has none

    places = {"JUPYTER_RUNTIME_DIR": str(folder / "jupyter"), "IPYTHONDIR": str(folder / "ipython")}
    manager, client = start_new_kernel(env=environment_of({**places, **environment}), cwd=folder)
    try:
        yield Notebook(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
