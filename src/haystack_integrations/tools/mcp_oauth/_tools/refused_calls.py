# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Tool calls for which a person has to log in, as a hook of the agent finds them.

Haystack makes of a failed call a message with a text. The text is the only thing that comes through, so it is a `str`
that knows the error and how the call is made again. No note is kept beside it: parallel calls and users cannot mix.
"""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, Self

from haystack.tools.errors import ToolInvocationError
from haystack.tools.tool import Tool
from yaml.representer import Representer, SafeRepresenter

from haystack_integrations.tools.mcp_oauth._tools.login_texts import refused_call
from haystack_integrations.tools.mcp_oauth.errors import AuthorizationRequired
from valetkey.errors import StoreError

HAS_ASYNC_FUNCTION = "async_function" in {each.name for each in fields(Tool)}
"""Haystack 3: a call from an event loop needs no thread."""

IsAsking = Callable[[str], bool]
"""Tells whether the login of a principal still waits for the person. It reads the store, so it may block."""


class RefusedCall(str):
    """The text of a call that needs a login. What is written to a file or to another process is the text alone."""

    error: AuthorizationRequired
    tool: Tool
    _arguments: dict[str, Any]
    _is_asking: IsAsking

    @classmethod
    def of(
        cls, text: str, error: AuthorizationRequired, tool: Tool, arguments: dict[str, Any], is_asking: IsAsking
    ) -> Self:
        """Make one of the text, the error, and the call. The error is a copy: a raised one has the whole call stack."""
        made = cls(text)
        made.error, made.tool, made._arguments, made._is_asking = copy.deepcopy(error), tool, arguments, is_asking
        return made

    def is_asking(self) -> bool:
        """Tell whether the login still waits for the person; while the store cannot be read, it does. May block."""
        try:
            return self._is_asking(self.error.principal or "")
        except StoreError:
            return True

    def again(self) -> Any:
        """Make the call once more, and give what the tool gives."""
        return self.tool.invoke(**self._arguments)

    async def again_async(self) -> Any:
        """Make the call once more, from an event loop."""
        return await self.tool.invoke_async(**self._arguments)

    def plain(self) -> str:
        """Give the text alone."""
        return str.__str__(self)

    def __str__(self) -> str:
        """Give this text itself: Haystack makes a message of `str(error)`."""
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        """Give the same one: it does not change, and the call in it cannot be copied."""
        return self

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (self.plain(),)


def _write_text(dumper: SafeRepresenter, text: RefusedCall) -> Any:
    return dumper.represent_str(text.plain())


for each in (SafeRepresenter, Representer):  # YAML knows no `str` of another class
    each.add_multi_representer(RefusedCall, _write_text)


@contextmanager
def noting_refusals(tool: Tool, arguments: dict[str, Any], is_asking: IsAsking) -> Iterator[None]:
    """Give the failure of a call that needs a login a text that knows it."""
    try:
        yield
    except ToolInvocationError as failed:
        error = failed.__cause__
        if isinstance(error, AuthorizationRequired):
            text = str(failed).replace(str(error), refused_call(error))
            failed.args = (RefusedCall.of(text, error, tool, arguments, is_asking), *failed.args[1:])
        raise


class ListedTool(Tool):
    """A tool of a server's list."""

    _is_asking: IsAsking

    def invoke(self, **kwargs: Any) -> Any:
        """Call the tool."""
        with noting_refusals(self, kwargs, self._is_asking):
            return super().invoke(**kwargs)

    if HAS_ASYNC_FUNCTION:

        async def invoke_async(self, **kwargs: Any) -> Any:
            """Call the tool from an event loop."""
            with noting_refusals(self, kwargs, self._is_asking):
                return await super().invoke_async(**kwargs)
