# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What an agent does when one of its tools needs a login in the middle of a run."""

import asyncio
import inspect
import math
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, ClassVar, Literal, Self, get_args

from haystack import logging
from haystack.components.agents.state.state import State
from haystack.components.agents.state.state_utils import replace_values
from haystack.core.serialization import default_from_dict, default_to_dict
from haystack.dataclasses import ChatMessage, ToolCall
from haystack.tools.errors import ToolInvocationError

from haystack_integrations.tools.mcp_oauth._tools import durable_runs
from haystack_integrations.tools.mcp_oauth._tools.login_texts import what_happened
from haystack_integrations.tools.mcp_oauth._tools.opening import is_running_loop
from haystack_integrations.tools.mcp_oauth._tools.pauses import growing_pauses
from haystack_integrations.tools.mcp_oauth._tools.refused_calls import RefusedCall
from haystack_integrations.tools.mcp_oauth._tools.tool_results import take_result
from valetkey.errors import ConfigurationError

_logger = logging.getLogger(__name__)

Mode = Literal["stop", "suspend", "wait"]

EXIT_REASON = "authorization_required"
"""The `exit_reason` of a run that stops for a login."""

RESULT_KEY = "authorization"
"""Where the result of the run says who has to log in where."""

ON_AUTHORIZATION = "on_authorization"
"""The function in `hook_context` that is told of the logins before one is waited for."""

_FIRST_HAYSTACK = (3, 2)
_NOT_EXECUTED = "This tool was not executed, because the user had to log in first. Call it again."


class AuthorizationHook:
    """
    Stops, suspends or holds up the run of an agent whose tool needs a login. For the hook point "after_tool".

    Put it before other hooks of that point. With "stop" the result of the run has `exit_reason`
    "authorization_required" and the key `authorization`, a list with one dictionary for each login: `server_url`,
    `principal`, `reason`, `link` (None if there is none, as after a denial), `deadline` (Unix time) and `tools`.
    After the login, send the same messages again.

    :param mode: "stop" ends the run. "suspend" suspends it in the durable mode of Hayhooks, and it goes on when it is
        resumed after the login; outside of a durable run it is as "stop". "wait" waits for the login and then makes
        the call again, or else is as "stop"; a function in `hook_context["on_authorization"]` gets the logins first.
        A sync run on a thread that runs an event loop waits for nothing.
    :param seconds: How many seconds "wait" waits.
    :raises ConfigurationError: If Haystack is older than 3.2, a parameter is wrong, or Hayhooks is missing for
        "suspend".
    """

    allowed_hook_points: ClassVar[tuple[str, ...]] = ("after_tool",)

    def __init__(self, mode: Mode = "stop", seconds: float = 60.0) -> None:
        if mode not in get_args(Mode):
            message = f"mode is {mode!r}, which AuthorizationHook does not know."
            raise ConfigurationError(message, hint=f"Give one of {', '.join(map(repr, get_args(Mode)))}.")
        given: object = seconds
        is_number = isinstance(given, int | float) and not isinstance(given, bool)
        if not is_number or not math.isfinite(seconds) or seconds < 0:
            message = f"seconds is {seconds!r}, which is no time to wait."
            raise ConfigurationError(message, hint="Give a number of seconds, such as seconds=60.")
        _require_haystack(version("haystack-ai"))
        if mode == "suspend":
            durable_runs.require_hayhooks()
        self.mode: Mode = mode
        self.seconds = seconds

    def run(self, state: State) -> None:
        """
        Look at the calls of the step that has ended, and do what the mode says if one of them needs a login.

        :param state: The state of the agent.
        """
        calls = _refused_calls(state)
        if self._waits_for(calls) and not is_running_loop():
            told = _tell(state, calls)
            if inspect.isawaitable(told):
                asyncio.run(_awaited(told))
            for pause in growing_pauses(self.seconds):
                time.sleep(pause)
                _make_again(calls, state)
                if not _waited_for(calls):
                    break
        elif self.mode == "suspend" and not is_running_loop():
            _make_again(calls, state)  # the login may have ended during the step, and then nothing would resume the run
        missing = [call for call in calls if not call.is_over]
        context = self._durable_context(missing)
        if context is not None:
            context.suspend_sync(_wait_of(missing), adapter_checkpoint=_checkpoint(state, missing))
        _stop(state, missing)

    async def run_async(self, state: State) -> None:
        """
        Do what `run` does, from a task of any event loop, which goes on meanwhile.

        :param state: The state of the agent.
        """
        calls = _refused_calls(state)
        if self._waits_for(calls):
            told = _tell(state, calls)
            if inspect.isawaitable(told):
                await told
            for pause in growing_pauses(self.seconds):
                await asyncio.sleep(pause)
                await _make_again_async(calls, state)
                if not _waited_for(calls):
                    break
        elif self.mode == "suspend":
            await _make_again_async(calls, state)
        missing = [call for call in calls if not call.is_over]
        context = self._durable_context(missing)
        if context is not None:
            await context.suspend(_wait_of(missing), adapter_checkpoint=_checkpoint(state, missing))
        _stop(state, missing)

    def to_dict(self) -> dict[str, Any]:
        """
        Serialize the hook to a dictionary.

        :returns: The dictionary.
        """
        return default_to_dict(self, mode=self.mode, seconds=self.seconds)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """
        Deserialize a hook from a dictionary.

        :param data: Dictionary created by `to_dict`.
        :returns: The hook.
        """
        return default_from_dict(cls, data)

    def _waits_for(self, calls: "list[_Call]") -> bool:
        return self.mode == "wait" and bool(_waited_for(calls))

    def _durable_context(self, calls: "list[_Call]") -> Any:
        """Give the durable run to suspend; None where there is none, or a login cannot be completed by a link."""
        if self.mode != "suspend" or not calls or len(_waited_for(calls)) < len(calls):
            return None
        context = durable_runs.current_context()
        if context is None:
            _logger.warning("AuthorizationHook stops a run that it cannot suspend: it is no durable run of Hayhooks")
        return context


@dataclass
class _Call:
    """A call that needs a login; `refused` is None when that is over."""

    message: ChatMessage
    origin: ToolCall
    refused: RefusedCall

    is_over: bool = False

    def take(self, outcome: Any, state: State) -> None:
        """Put what came of the call when it was made again in the place of the refusal."""
        if isinstance(outcome, RefusedCall):
            self.refused = outcome
        elif isinstance(outcome, ToolInvocationError):
            self.replace(ChatMessage.from_tool(str(outcome), self.origin, error=True))
            self.is_over = True
        else:
            self.replace(take_result(outcome, self.refused.tool, self.origin, state))
            self.is_over = True

    def replace(self, message: ChatMessage) -> None:
        """Change the message itself: the agent looks for its exit conditions in this object."""
        vars(self.message).update(vars(message))


def _refused_calls(state: State) -> list[_Call]:
    """Give the calls of the last step that need a login, in the order in which the model made them."""
    found = []
    for message in reversed(state.data.get("messages") or []):
        results = message.tool_call_results
        if not results:
            break
        found += [_Call(message, each.origin, each.result) for each in results if isinstance(each.result, RefusedCall)]
    return found[::-1]


def _waited_for(calls: list[_Call]) -> list[_Call]:
    return [call for call in calls if not call.is_over and call.refused.error.authorization_url is not None]


def _make_again(calls: list[_Call], state: State) -> None:
    """Make the calls again whose login is waited for no more: it was completed, denied, or its time is over."""
    for call in _waited_for(calls):
        if not call.refused.is_asking():
            call.take(_outcome(call), state)


async def _make_again_async(calls: list[_Call], state: State) -> None:
    for call in _waited_for(calls):
        if not await asyncio.to_thread(call.refused.is_asking):
            call.take(await _outcome_async(call), state)


def _outcome(call: _Call) -> Any:
    try:
        return call.refused.again()
    except ToolInvocationError as failed:
        text = failed.args[0] if failed.args else ""
        return text if isinstance(text, RefusedCall) else failed


async def _outcome_async(call: _Call) -> Any:
    try:
        return await call.refused.again_async()
    except ToolInvocationError as failed:
        text = failed.args[0] if failed.args else ""
        return text if isinstance(text, RefusedCall) else failed


def _logins(calls: list[_Call]) -> list[dict[str, Any]]:
    """Give the logins that are missing, in plain data: one for each server, user and link."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for call in calls:
        error = call.refused.error
        key = error.server_url, error.principal, error.authorization_url
        login = found.setdefault(
            key,
            {
                "server_url": error.server_url,
                "principal": error.principal,
                "reason": error.reason or str(error),
                "link": error.authorization_url,
                "deadline": error.deadline,
                "message": what_happened(error),
                "tools": [],
            },
        )
        if call.origin.tool_name not in login["tools"]:
            login["tools"].append(call.origin.tool_name)
    return list(found.values())


def _tell(state: State, calls: list[_Call]) -> Any:
    tell = (state.data.get("hook_context") or {}).get(ON_AUTHORIZATION)
    return tell(_logins(calls)) if tell is not None else None


async def _awaited(told: Awaitable[Any]) -> None:
    await told


def _stop(state: State, missing: list[_Call]) -> None:
    if not missing:
        return
    for call in missing:
        call.replace(ChatMessage.from_tool(call.refused.plain(), call.origin, error=True))
    state.schema.setdefault(RESULT_KEY, {"type": list[dict[str, Any]], "handler": replace_values})
    state.set(RESULT_KEY, _logins(missing), handler_override=replace_values)
    state.set("stop_run", EXIT_REASON)


def _wait_of(calls: list[_Call]) -> dict[str, Any]:
    """Give what Hayhooks tells about a run that is suspended."""
    logins = _logins(calls)
    return {"kind": "mcp_authorization", "message": logins[0]["link"], RESULT_KEY: logins}


def _checkpoint(state: State, calls: list[_Call]) -> dict[str, Any] | None:
    """Give a checkpoint where one of the calls of this step was executed; None where the model can make all anew."""
    results = 0
    for message in reversed(state.data.get("messages") or []):
        if not message.tool_call_results:
            break
        results += len(message.tool_call_results)
    if results == len(calls):
        return None
    for call in calls:
        call.replace(ChatMessage.from_tool(_NOT_EXECUTED, call.origin, error=True))
    return durable_runs.checkpoint_of(state)


def _require_haystack(installed: str) -> None:
    major, minor = (int(part) for part in installed.split(".")[:2])
    if (major, minor) < _FIRST_HAYSTACK:
        message = f"AuthorizationHook needs hooks that can stop a run, and haystack-ai {installed} has none."
        hint = "Install haystack-ai 3.2 or newer; before it, the tool's message has the short link."
        raise ConfigurationError(message, hint=hint)
