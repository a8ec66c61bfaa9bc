# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Building an engine from the user's settings."""

import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial

from valetkey import urls
from valetkey._engine.engine import Engine
from valetkey._engine.workers import aside
from valetkey._network.on_demand import SenderOnDemand
from valetkey.errors import ConfigurationError
from valetkey.login import Login, LoginName, open_login
from valetkey.login.link import LinkLogin
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
    settings = _with_grant_of(login, settings)
    login = _meant(login, settings)
    way = open_login(login) if isinstance(login, str) else login
    _check_addresses(way, settings)
    send = SenderOnDemand(settings.server_url, settings.named_urls, settings.network)
    seams = Seams(send=aside(send), login=way, keep_connections=send.keep_connections, judge_link=send.judge_link)
    provider = settings.identity_provider
    if provider is not None:  # the user names it, so it may have an address that an MCP server may not lead to
        send_to_provider = SenderOnDemand(provider.token_endpoint or provider.issuer, network=settings.network)
        seams = replace(
            seams,
            send_to_provider=aside(send_to_provider),
            keep_connections=partial(_keep_connections, send, send_to_provider),
        )
    return Engine(settings, CheckedStore(opened), seams)


def _meant(login: Login | LoginName, settings: Settings) -> Login | LoginName:
    """A `public_url` says that there is a web app to which the answer comes."""
    return "link" if login == "auto" and settings.public_url is not None else login


def _with_grant_of(login: Login | LoginName, settings: Settings) -> Settings:
    """`login="device"` chooses the grant too."""
    if login != "device" or settings.chosen_grant == "device_code":
        return settings
    if settings.grant != "auto" or settings.is_machine:
        message = f'login="device" contradicts the grant {settings.chosen_grant}.'
        raise ConfigurationError(message, hint="Leave one of the two out.")
    return replace(settings, grant="device_code")


def _check_addresses(login: Login, settings: Settings) -> None:
    """Refuse an address for the answer that this way to log in cannot have."""
    if isinstance(login, LoopbackLogin):
        if settings.public_url is not None:
            message = "A login with public_url is answered at a web app, and this login waits on this computer."
            raise ConfigurationError(message, hint='Give login="link" with it, or leave public_url out.')
        for redirect_uri in settings.redirect_uris:
            require_listenable(redirect_uri)
    if isinstance(login, LinkLogin) and settings.public_url is None:
        for redirect_uri in settings.redirect_uris:
            if not urls.is_loopback(redirect_uri):
                message = f"The redirect_uri {redirect_uri} is an address of a web app, and there is no public_url."
                raise ConfigurationError(message, hint="Give public_url, the URL of the web app as browsers reach it.")


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
    login = _meant(login, settings)
    key = (settings, opened, login)
    with _sharing:
        engine = _shared.get(key)
        if engine is None:
            engine = _shared[key] = build_engine(settings, store=opened, login=login)
    return engine


def living_engine(store: Store, fits: Callable[[Settings], bool]) -> Engine | None:
    """Give the engine of this process that has a store, and settings that fit; None if there is none."""
    with _sharing:
        living = list(_shared.items())
    return next((engine for (settings, opened, _), engine in living if opened is store and fits(settings)), None)
