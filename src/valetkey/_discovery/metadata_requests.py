# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Asking for metadata documents: what was asked, what came back, and whether a document is certainly not there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from valetkey.errors import TemporaryError
from valetkey.protocol.error_response import is_temporary
from valetkey.wire import HttpRequest, HttpResponse, Send

_LONGEST_TYPE = 40

Document = TypeVar("Document")


@dataclass(slots=True)
class MetadataRequests:
    """Asks for documents, and records what was asked and what came back."""

    send: Send
    log: list[str] = field(default_factory=list)
    trouble: TemporaryError | None = None

    def ask(self, request: HttpRequest, parse: Callable[[HttpResponse], Document | None]) -> Document | None:
        """Give the document, or None; records as `trouble` that a document may be there all the same."""
        try:
            response = self.send(request)
        except TemporaryError as error:
            self.trouble = error
            self.log.append(f"{request.url}: no answer")
            return None
        document = parse(response)
        if document is None:
            media_type = (response.header("Content-Type") or "without Content-Type").partition(";")[0]
            self.log.append(f"{request.url}: {response.status} {_printable(media_type)}")
            if is_temporary(response):
                self.trouble = TemporaryError(f"{request.url} answered {response.status}.", hint="Try again later.")
        else:
            self.trouble = None  # the document replaces the one that could not be read before
        return document

    def require_certainty(self) -> None:
        """Raise the trouble, if any: a 5xx or a broken connection does not say that there is no document."""
        if self.trouble is not None:
            raise self.trouble.with_tried(tuple(self.log)) from self.trouble


def _printable(text: str) -> str:
    return "".join(char for char in text if " " <= char <= "~")[:_LONGEST_TYPE]
