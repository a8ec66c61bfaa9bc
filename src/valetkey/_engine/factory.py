# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Putting an engine together from what the user set."""

import threading
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial

from valetkey._engine.engine import Engine
from valetkey._network.guard import Guard
from valetkey._network.sender import HttpSender
from valetkey.login import Login, LoginName, open_login
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.store.opening import open_store
from valetkey.store.protocol import Store


def build_engine(settings: Settings, *, store: Store | str | None = None, login: Login | LoginName = "auto") -> Engine:
    """
    Build the engine of one session.

    :param settings: The settings.
    :param store: A store, or a text that names one (see `valetkey.store.open_store`).
    :param login: A way to ask a person, or a text that names one (see `valetkey.login.open_login`).
    :returns: The engine.
    :raises ConfigurationError: If there is no such store or way.
    """
    kept = open_store(store) if store is None or isinstance(store, str) else store
    asking = open_login(login) if isinstance(login, str) else login
    send = HttpSender(Guard(settings.server_url, settings.named_urls))
    seams = Seams(send=send, login=asking, keep_connections=send.keep_connections)
    provider = settings.identity_provider
    if provider is not None:  # the user has named it, so it may live where an MCP server may not lead to
        send_to_provider = HttpSender(Guard(server_url=provider.token_endpoint or provider.issuer))
        seams = replace(
            seams,
            send_to_provider=send_to_provider,
            keep_connections=partial(_keep_connections, send, send_to_provider),
        )
    return Engine(settings, kept, seams)


@contextmanager
def _keep_connections(*senders: HttpSender) -> Iterator[None]:
    with ExitStack() as stack:
        for sender in senders:
            stack.enter_context(sender.keep_connections())
        yield


_shared: "weakref.WeakValueDictionary[tuple[Settings, object, object], Engine]" = weakref.WeakValueDictionary()
_sharing = threading.Lock()  # guards _shared


def shared_engine(settings: Settings, *, store: Store | str | None = None, login: Login | LoginName = "auto") -> Engine:
    """
    Give the engine of one session, the same for everybody in this process who asks with the same settings.

    :param settings: The settings.
    :param store: A store, or a text that names one.
    :param login: A way to ask a person, or a text that names one.
    :returns: The engine.
    :raises ConfigurationError: If there is no such store or way.
    """
    kept = open_store(store) if store is None or isinstance(store, str) else store
    key = (settings, kept, login)
    with _sharing:
        engine = _shared.get(key)
        if engine is None:
            engine = _shared[key] = build_engine(settings, store=kept, login=login)
    return engine
