# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What of the package's metadata is computed when it is built: its addresses, and a README that reads well elsewhere too.

The two addresses stand in pyproject.toml, under `[tool.hatch.metadata.hooks.custom]`, and are empty until there is a
public repository and a site.
"""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

FENCE = re.compile(r"(^```.*?^```)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[([^\[\]]+)\]\((?!https?://|mailto:|#)([^()\s]+)\)")
ASIDE = re.compile(rf"\s\({LINK.pattern}\)")
"""A link alone in brackets says nothing without its target."""


def readme(text: str, repository: str) -> str:
    """
    Give the README for a package index, which has none of the repository's files.

    :param text: The README of the repository.
    :param repository: The repository's URL; empty where there is none, and then a link to a file is left as its words.
    :returns: The text without relative links. What stands in code is left alone.
    """
    place = rf"[\1]({repository.rstrip('/')}/blob/HEAD/\2)" if repository else r"\1"

    def changed(part: str) -> str:
        return LINK.sub(place, part if repository else ASIDE.sub("", part))

    return "".join(part if part.startswith("```") else changed(part) for part in FENCE.split(text))


def urls(repository: str, documentation: str) -> dict[str, str]:
    """
    Give the project's addresses, by the names that package indexes know.

    :param repository: The repository's URL, or empty.
    :param documentation: The site's URL, or empty.
    :returns: None where there is nothing to lead to: no address is made up.
    """
    found = {"Documentation": documentation.rstrip("/")} if documentation else {}
    if repository:
        base = repository.rstrip("/")
        found |= {"Source": base, "Issues": f"{base}/issues", "Changelog": f"{base}/blob/HEAD/CHANGELOG.md"}
    return found


class Metadata(MetadataHookInterface):
    """Fills in `readme` and `urls`."""

    def update(self, metadata: dict[str, Any]) -> None:
        """
        Fill in what pyproject.toml names as dynamic.

        :param metadata: The table `[project]`.
        """
        repository, documentation = self.config["repository"], self.config["documentation"]
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": readme(text, repository)}
        metadata["urls"] = urls(repository, documentation)
