# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A Client ID Metadata Document of one's own: make it, put it on a web server, see whether servers will take it.

```python
from valetkey.client_document import build_document, check, document_text

print(document_text(build_document("https://app.example.com/client.json", name="My agent")))
```
"""

from valetkey._network.guard import Guard
from valetkey._network.sender import HttpSender
from valetkey.protocol.client_document import (
    LARGEST_DOCUMENT,
    LOOPBACK_ADDRESSES,
    Finding,
    build_document,
    check_document,
    document_request,
    document_text,
)
from valetkey.settings.network import Network
from valetkey.wire import Send

__all__ = ["LARGEST_DOCUMENT", "LOOPBACK_ADDRESSES", "Finding", "build_document", "check", "document_text"]


def check(url: str, *, send: Send | None = None, network: Network | None = None) -> tuple[Finding, ...]:
    """
    Read a document from its place, as an authorization server will, and look for faults.

    :param url: The URL of the document, which is the client_id.
    :param send: Sends the request; None for the network.
    :param network: How the request leaves your network; None for what the environment says.
    :returns: The faults; empty if there are none.
    :raises ConfigurationError: If the URL cannot be a client_id.
    :raises TemporaryError: If the place does not answer.
    """
    sender = send or HttpSender(Guard(url), network)  # it may be in one's own network
    return check_document(sender(document_request(url)))
