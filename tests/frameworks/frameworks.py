# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The frameworks of docs/frameworks.md: what is installed for each, and its program on the page."""

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parent.parent.parent / "docs" / "frameworks.md"
PLACEHOLDER = "https://mcp.example.com/mcp"
BEGINNING, END = "<!-- written by make frameworks -->\n", "<!-- end of what is written -->\n"


@dataclass(frozen=True, slots=True)
class Framework:
    """
    One section of the page.

    `title` is its heading, `requirements` is what pip installs, and `distributions` are those whose versions the page
    shows, the framework first.
    """

    title: str
    requirements: tuple[str, ...]
    distributions: tuple[str, ...]

    @property
    def folder(self) -> str:
        """The name of its environment."""
        return self.title.lower().replace(" ", "-")

    def program(self, url: str) -> str:
        """Give the program of the page, with the URL of a server in it."""
        text = PAGE.read_text(encoding="utf-8")
        section = text.split(f"\n## {self.title}\n", 1)[1].split("\n## ", 1)[0]
        programs = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
        if len(programs) != 1 or PLACEHOLDER not in programs[0]:
            message = f"the section {self.title!r} should have one program, with {PLACEHOLDER} in it"
            raise ValueError(message)
        return str(programs[0]).replace(PLACEHOLDER, url)


FRAMEWORKS = (
    Framework("MCP SDK 2.x", ("mcp>=2",), ("mcp", "httpx2")),
    Framework("MCP SDK 1.x", ("mcp<2",), ("mcp", "httpx")),
    Framework("FastMCP", ("fastmcp",), ("fastmcp", "mcp")),
    Framework("LangChain", ("langchain-mcp-adapters",), ("langchain-mcp-adapters", "mcp")),
    Framework("OpenAI Agents", ("openai-agents",), ("openai-agents", "mcp")),
    Framework("Pydantic AI", ("pydantic-ai-slim[mcp]",), ("pydantic-ai-slim", "mcp")),
    Framework("Strands", ("strands-agents",), ("strands-agents", "mcp")),
    Framework("LlamaIndex", ("llama-index-tools-mcp",), ("llama-index-tools-mcp", "mcp")),
    Framework("Google ADK", ("google-adk[mcp]",), ("google-adk", "mcp")),
    Framework("Agno", ("agno[mcp]",), ("agno", "mcp")),
    # mcpadapt imports a name that the SDK 2.x no longer has.
    Framework("smolagents", ("smolagents[mcp]", "mcp<2"), ("smolagents", "mcpadapt", "mcp")),
    Framework("mcp-use", ("mcp-use",), ("mcp-use", "mcp")),
)
