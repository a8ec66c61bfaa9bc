# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The tools that the user does not want the client to see (`--ignore-tool`)."""

import json
from collections.abc import Sequence
from fnmatch import fnmatchcase

from valetkey._cli.bridge.messages import Message, Parcel, read


class IgnoredTools:
    """Leaves tools out of lists, and knows which calls to refuse; patterns have * and ?, in upper or lower case."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = tuple(pattern.lower() for pattern in patterns)

    def refused(self, parcel: Parcel) -> str | None:
        """Give the name of a tool in a call that is not to be made."""
        names = (each.params.get("name") for each in parcel.messages if each.method == "tools/call")
        return next((name for name in names if isinstance(name, str) and self._is_ignored(name)), None)

    def shown(self, said: Parcel, answered: dict[str, Message]) -> Parcel:
        """Give what the server says, without the tools that are left out."""
        lists = {key for key, request in answered.items() if request.method == "tools/list"}
        if not self._patterns or not lists:
            return said
        contents = []
        for each in said.messages:
            content = each.content
            if each.key in lists and each.result is not None and isinstance(each.result.get("tools"), list):
                tools = [tool for tool in each.result["tools"] if not self._is_ignored(_name(tool))]
                content = {**content, "result": {**each.result, "tools": tools}}
            contents.append(content)
        return read(json.dumps(contents if said.method is None and len(contents) > 1 else contents[0]))

    def _is_ignored(self, name: str) -> bool:
        return any(fnmatchcase(name.lower(), pattern) for pattern in self._patterns)


def _name(tool: object) -> str:
    name = tool.get("name") if isinstance(tool, dict) else None
    return name if isinstance(name, str) else ""
