# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Running an example, and the language model that its agent asks."""

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.fakes.threads import LONGEST_WAIT

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


def environment_of(given):
    """Give an environment that has no browser, unless one is given."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("BROWSER", "DISPLAY")}
    return {**inherited, **given}


def run(program, *arguments, **environment):
    """Run an example to its end, with no terminal."""
    return subprocess.run(
        [sys.executable, str(EXAMPLES / program), *arguments],
        env=environment_of(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST_WAIT,
        check=False,
    )


class Model(BaseHTTPRequestHandler):
    """A language model with OpenAI's interface: it calls `add`, or the only tool there is, and repeats its answer."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        last = asked["messages"][-1]
        names = [tool["function"]["name"] for tool in asked["tools"]]
        wanted = ("add", {"a": 20, "b": 22}) if "add" in names else (names[0], {})
        function = {"name": wanted[0], "arguments": json.dumps(wanted[1])}
        call = {"id": "call-1", "type": "function", "function": function}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        if last["role"] == "tool":
            message = {"role": "assistant", "content": json.loads(last["content"])["content"][0]["text"]}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        answer = {"id": "a", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
        body = json.dumps({**answer, "usage": usage}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):  # noqa: A002 - the base class's name
        pass


@contextmanager
def a_model():
    """Run the language model, and give the variables by which Haystack's chat generator finds it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Model) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield {"OPENAI_API_KEY": "never used", "OPENAI_BASE_URL": f"http://127.0.0.1:{server.server_address[1]}/v1"}
        server.shutdown()
