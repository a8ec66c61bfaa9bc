# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Where the engine touches the world: network, person, clock, randomness. Each can be replaced by a fake."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from valetkey.login import Login
from valetkey.send import Send


def random_text() -> str:
    """
    Make a state or a code verifier: 32 random bytes in the alphabet of RFC 7636 §4.1.

    :returns: 43 characters.
    """
    return secrets.token_urlsafe(32)


def random_share() -> float:
    """
    Draw a number from 0 up to 1.

    :returns: The number.
    """
    return secrets.randbelow(1000) / 1000


@dataclass(frozen=True, slots=True)
class Seams:
    """
    The seams of one engine.

    :param send: Sends a request.
    :param login: Asks a person.
    :param now: Gives the Unix time in seconds.
    :param pause: Sleeps for seconds.
    :param random: Makes random text.
    :param monotonic: Gives the seconds of a clock that nobody sets, for deadlines.
    :param jitter: Gives a number from 0 up to 1, so that not everybody renews at the same moment.
    :param send_to_provider: Sends a request to the user's identity provider, which may live elsewhere than the MCP
        server; None for `send`.
    """

    send: Send
    login: Login
    now: Callable[[], float] = time.time
    pause: Callable[[float], None] = time.sleep
    random: Callable[[], str] = random_text
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random_share
    send_to_provider: Send | None = None
