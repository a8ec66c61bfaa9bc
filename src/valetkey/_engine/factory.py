# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Building an engine from the user's settings."""

import threading
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial

from valetkey._engine.engine import Engine
from valetkey._network.on_demand import SenderOnDemand
from valetkey.login import Login, LoginName, open_login
from valetkey.login.loopback import LoopbackLogin, require_listenable
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.store.checked import CheckedStore
from valetkey.store.opening import open_machine_store, open_store
from valetkey.store.protocol import Store


def build_engine(settings: Settings, *, store: Store | str | None = None, login: Login | LoginName = "auto") -> Engine:
    """
    Build the engine of one session.

    :raises ConfigurationError: If no store or way to log in has the given name.
    """
    opened = _open(settings, store)
    way = open_login(login) if isinstance(login, str) else login
    if isinstance(way, LoopbackLogin):
        for redirect_uri in settings.redirect_uris:
            require_listenable(redirect_uri)
    send = SenderOnDemand(settings.server_url, settings.named_urls, settings.network)
    seams = Seams(send=send, login=way, keep_connections=send.keep_connections, judge_link=send.judge_link)
    provider = settings.identity_provider
    if provider is not None:  # the user names it, so it may have an address that an MCP server may not lead to
        send_to_provider = SenderOnDemand(provider.token_endpoint or provider.issuer, network=settings.network)
        seams = replace(
            seams,
            send_to_provider=send_to_provider,
            keep_connections=partial(_keep_connections, send, send_to_provider),
        )
    return Engine(settings, CheckedStore(opened), seams)


@contextmanager
def _keep_connections(*senders: SenderOnDemand) -> Iterator[None]:
    with ExitStack() as stack:
        for sender in senders:
            stack.enter_context(sender.keep_connections())
        yield


def _open(settings: Settings, store: Store | str | None) -> Store:
    if store is None and settings.is_machine:
        return open_machine_store()
    return open_store(store) if store is None or isinstance(store, str) else store


_shared: "weakref.WeakValueDictionary[tuple[Settings, object, object], Engine]" = weakref.WeakValueDictionary()
_sharing = threading.Lock()  # guards _shared


def shared_engine(settings: Settings, *, store: Store | str | None = None, login: Login | LoginName = "auto") -> Engine:
    """
    Give the engine of one session: the same engine for the same settings, store and login in this process.

    :raises ConfigurationError: If no store or way to log in has the given name.
    """
    opened = _open(settings, store)
    key = (settings, opened, login)
    with _sharing:
        engine = _shared.get(key)
        if engine is None:
            engine = _shared[key] = build_engine(settings, store=opened, login=login)
    return engine
