# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""One item of the manifest."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Requirement:
    """
    What a specification, an extension or practice wants of an MCP client.

    :param id: The group and the number in it, such as "WWW-3".
    :param level: How strongly it is wanted, in the words of the source ("MUST", "SHOULD (derived)", …).
    :param source: Where that is written; "practice" where no text says it.
    :param text: The rule, in our words.
    :param gap: Why it is not done, or not ours to do; None for what is done, which a test proves.
    """

    id: str
    level: str
    source: str
    text: str
    gap: str | None = None

    @property
    def group(self) -> str:
        """The letters of the id."""
        return self.id.partition("-")[0]

    @property
    def is_binding(self) -> bool:
        """True for MUST, SHOULD and their NOT forms; "should" in small letters binds nobody (RFC 8174 §2)."""
        return self.level.startswith(("MUST", "SHOULD"))
