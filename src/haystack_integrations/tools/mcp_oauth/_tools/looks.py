# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a notebook, a log and Haystack see of a toolset at any time: it comes from memory, and connects no user."""

from typing import Any

from haystack.tools.tool import Tool

from valetkey._adapters.framework import without_secrets


class LooksConnectNothing:
    """The looks at a toolset, which as a data class would look at its tools and so connect."""

    server_info: Any
    _added: list[Tool]

    def _known(self) -> list[Tool] | None:
        """Give the tools that can be shown without connecting."""
        raise NotImplementedError

    def __repr__(self) -> str:
        """Show the server and the names of the tools at hand."""
        known = self._known()
        names = f", tools={[tool.name for tool in known]}" if known is not None else ""
        url = getattr(self.server_info, "url", None) or ""
        return f"{type(self).__name__}({without_secrets(url, url) or type(self.server_info).__name__}{names})"

    def __len__(self) -> int:
        """Count the tools at hand; while there are none, the one that stands for them."""
        known = self._known()
        return 1 + len(self._added) if known is None else len(known)

    def __bool__(self) -> bool:
        """Tell that there are tools, also where none are at hand yet."""
        return True

    def __eq__(self, other: object) -> bool:
        """Tell whether it is this toolset."""
        return self is other

    def __hash__(self) -> int:
        return id(self)
