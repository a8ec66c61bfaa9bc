# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Valetkey's log of requests as a table that a person can follow."""

import logging
import time
from typing import TypedDict
from urllib.parse import urlsplit


class Row(TypedDict):
    """One request: when it was answered, what it was, and why it was made."""

    at: float
    method: str
    path: str
    outcome: str
    seconds: float
    purpose: str
    for_login: bool


class Timeline(logging.Handler):
    """Collects what the logger `valetkey.requests` says; INFO is the login, DEBUG the MCP session."""

    def __init__(self, started: float) -> None:
        super().__init__(logging.DEBUG)
        self.rows: list[Row] = []
        self._started = started

    def emit(self, record: logging.LogRecord) -> None:
        parts = record.__dict__
        row = Row(
            at=time.monotonic() - self._started,
            method=parts["method"],
            path=urlsplit(parts["url"]).path,
            outcome=parts["outcome"],
            seconds=parts["seconds"],
            purpose=parts["purpose"],
            for_login=record.levelno == logging.INFO,
        )
        self.rows.append(row)

    def text(self) -> str:
        lines = [f"  {'at':>6}  {'request':<52} {'answer':<9} {'took':>7}  why"]
        for row in self.rows:
            mark = "*" if row["for_login"] else " "
            request = f"{mark} {row['method']} {row['path']}"
            took = f"{row['seconds'] * 1000:.0f} ms"
            lines.append(f"  {row['at']:5.2f}s  {request:<52} {row['outcome']:<9} {took:>7}  {row['purpose']}")
        lines.append("  (* for the login; the others are the MCP session)")
        return "\n".join(lines)
