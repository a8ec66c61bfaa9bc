# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Suspending a run in the durable mode of Hayhooks, which this package imports only when a hook is told to suspend.

Hayhooks begins a resumed run again at its last checkpoint, which is the end of the step before. There the calls of this
step were not made yet, so the model makes them anew. If one of them was executed, that would execute it again:
then a checkpoint is written that has its result, and of the refused calls a text which says that they were not made.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from haystack.components.agents.state.state import State

from valetkey.errors import ConfigurationError

_HINT = "Run the service with hayhooks 2.1 or newer, or use mode='stop'."


def require_hayhooks() -> None:
    """Refuse the mode where Hayhooks is not installed."""
    if find_spec("hayhooks") is None:
        message = "AuthorizationHook(mode='suspend') needs Hayhooks, which is not installed."
        raise ConfigurationError(message, hint=_HINT)


def current_context() -> Any:
    """Give the durable run that this one is part of; None outside of one."""
    try:
        return import_module("hayhooks.durable").current_durable_context()
    except ImportError as error:
        message = "AuthorizationHook(mode='suspend') needs a Hayhooks with durable runs."
        raise ConfigurationError(message, hint=_HINT) from error


def checkpoint_of(state: State) -> dict[str, Any]:
    """Give a checkpoint of the end of this step, in the form in which Hayhooks reads those of its own."""
    state.set("step_count", state.data["step_count"] + 1)
    return {"state": state.to_dict(skip_keys=["tools", "hook_context"]), "phase": None}
