# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A name server for tests, behind the seam `Guard.resolve`: honest ones, changing ones, silent ones."""

import socket
import threading

from tests.fakes.threads import LONGEST_WAIT


class NameServer:
    """
    Answers for the names it is given, and remembers who was asked for.

    :param answers: For each name its addresses, or a list of such answers: one for each time it is asked for.
    """

    def __init__(self, **answers: list[str] | list[list[str]]) -> None:
        self.asked: list[str] = []
        self._answers = {name.replace("_", "."): answer for name, answer in answers.items()}

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        answer = self._answers.get(host)
        if answer is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if answer and isinstance(answer[0], list):
            return answer[min(self.asked.count(host), len(answer)) - 1]
        return answer


class SilentNameServer:
    """Says nothing until it is released; `released` also ends its threads."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.released = threading.Event()

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        self.released.wait(LONGEST_WAIT)
        return ["127.0.0.1"]

    def release(self) -> None:
        """Let every thread that waits answer, and wait for its end."""
        self.released.set()
        for thread in threading.enumerate():
            if thread.name == "valetkey-lookup":
                thread.join(LONGEST_WAIT)
