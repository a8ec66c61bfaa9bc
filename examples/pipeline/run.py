# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Run the agent of pipeline.yaml: its tools get their tokens by themselves.

    OPENAI_API_KEY=… MCP_CLIENT_SECRET=… python run.py pipeline.yaml "What is 20 + 22?"

Install: `pip install 'valetkey[haystack]'`. Put the URL of your MCP server, the client id and its issuer into the file.
"""

import sys
from pathlib import Path

from haystack import Pipeline
from haystack.dataclasses import ChatMessage


def main(file: str, question: str) -> None:
    pipeline = Pipeline.loads(Path(file).read_text(encoding="utf-8"))
    answer = pipeline.run({"agent": {"messages": [ChatMessage.from_user(question)]}})
    print(answer["agent"]["messages"][-1].text)
    pipeline.get_component("agent").tools.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
