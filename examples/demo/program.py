# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The program of the demo: what a Haystack user writes, with nothing but the URL of a server that wants a login.

The rest of this file only prints what happened meanwhile.
"""

import json
import logging
import os
import sys
import time
from pathlib import Path

from timeline import Row, Timeline

from haystack_integrations.tools.mcp_oauth import MCPToolset, StreamableHttpServerInfo


def use_the_server(url: str) -> str:
    toolset = MCPToolset(StreamableHttpServerInfo(url=url))
    toolset.warm_up()
    add = next(tool for tool in toolset if tool.name == "add")
    result = json.loads(add.invoke(a=20, b=22))
    toolset.close()
    return str(result["content"][0]["text"])


def main() -> None:
    started = time.monotonic()
    timeline = Timeline(started)
    logging.getLogger("valetkey.requests").addHandler(timeline)
    logging.getLogger("valetkey.requests").setLevel(logging.DEBUG)
    answer = use_the_server(sys.argv[1])
    elapsed = time.monotonic() - started
    print(timeline.text())
    print(f"  The tool says that 20 + 22 is {answer}. All of it took {elapsed:.1f} s.")
    rows: list[Row] = timeline.rows
    Path(os.environ["DEMO_RESULT"]).write_text(json.dumps({"answer": answer, "rows": rows}), encoding="utf-8")


if __name__ == "__main__":
    main()
