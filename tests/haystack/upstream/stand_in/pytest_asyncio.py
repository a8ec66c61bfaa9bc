# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Stands for the pytest plugin of this name, which is not installed here: the tests of mcp-haystack use it.

It runs tests and fixtures that are coroutine functions, each in an event loop of its own.
"""

import asyncio
import functools
import inspect

import pytest


def pytest_configure(config):
    """Know the mark of the plugin, and its option."""
    config.addinivalue_line("markers", "asyncio: a coroutine function")


def pytest_addoption(parser):
    """Know the option of the plugin that mcp-haystack sets."""
    parser.addini("asyncio_default_fixture_loop_scope", "not used")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Run a test that is a coroutine function."""
    if not inspect.iscoroutinefunction(pyfuncitem.function):
        return None
    wanted = inspect.signature(pyfuncitem.function).parameters
    asyncio.run(pyfuncitem.obj(**{name: value for name, value in pyfuncitem.funcargs.items() if name in wanted}))
    return True


def fixture(function):
    """Make a fixture of a coroutine function."""

    @functools.wraps(function)
    def run(*arguments, **named):
        return asyncio.run(function(*arguments, **named))

    return pytest.fixture(run)
