# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The log of what goes over the wire: one line for each request, why it was made, and how long it took.

The logger is `valetkey.requests`. What the login needs is logged at INFO, the traffic of an MCP session at DEBUG. A
line never holds a header, a body or a query; each record also has its parts as attributes.
"""

import logging
from collections.abc import Sequence
from urllib.parse import urlsplit

from valetkey.errors.redaction import redacting
from valetkey.errors.texts import harmless

_logger = logging.getLogger("valetkey.requests")


def log_exchange(
    level: int, *, method: str, url: str, purpose: str, outcome: str, seconds: float, credentials: Sequence[str] = ()
) -> None:
    """
    Log one exchange; user information and query of the URL are left out.

    :param method: The HTTP method, or "browser" for a person's part.
    :param outcome: The status, or what came instead of one ("no answer").
    `credentials` is what was sent, which a server may repeat in the address of a redirect.
    """
    if not _logger.isEnabledFor(level):
        return
    sent = urlsplit(url)
    with redacting(*credentials):
        address = harmless(sent._replace(netloc=sent.netloc.rpartition("@")[2], query="", fragment="").geturl())
    parts = {"method": method, "url": address, "purpose": purpose, "outcome": outcome, "seconds": seconds}
    _logger.log(level, "%s %s: %s in %.0f ms (%s)", method, address, outcome, seconds * 1000, purpose, extra=parts)
