# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Waiting for the result of another thread, in any event loop."""

import concurrent.futures
from contextlib import suppress
from typing import Any, TypeVar

import anyio
import anyio.lowlevel

Result = TypeVar("Result")


async def wait_for_future(future: concurrent.futures.Future[Result], seconds: float | None) -> Result:
    """
    Wait for a result in any event loop, without a thread. Being cancelled does not touch the work.

    :param future: The future.
    :param seconds: How long to wait, None for as long as it takes.
    :returns: The result.
    :raises TimeoutError: If it takes longer.
    """
    landed = anyio.Event()
    loop: Any = anyio.lowlevel.current_token().native_token
    # Not anyio.from_thread: it waits for the loop, which may be at rest, or be the one that calls.
    call_soon = loop.run_sync_soon if hasattr(loop, "run_sync_soon") else loop.call_soon_threadsafe  # trio, asyncio

    def tell(_: object) -> None:
        with suppress(RuntimeError):  # the loop is gone, and with it who waited
            call_soon(landed.set)

    if not future.done():
        future.add_done_callback(tell)
        with anyio.fail_after(seconds):
            await landed.wait()
    return future.result()
