# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The tables of docs/doctor.md: `python -m tests.doctor.page` writes them from the kinds of findings and the rows."""

from pathlib import Path

from tests.doctor.rows import ROWS
from valetkey._cli.doctor.catalog import BY_STEP, KINDS
from valetkey._cli.doctor.findings import SIGNS, Mark

PAGE = Path(__file__).parent.parent.parent / "docs" / "doctor.md"

BEGIN = "<!-- written by python -m tests.doctor.page -->"
END = "<!-- end of what is written -->"

_PARTS = {
    "place": "The way to the server",
    "mcp": "Whether it is an MCP server",
    "rejection": "Whether it wants a login",
    "challenge": "The challenge",
    "resource": "The metadata of the MCP server",
    "server": "The authorization server",
    "endpoints": "Its endpoints",
    "pkce": "PKCE",
    "client": "The client",
    "grants": "Ways to log in",
    "scope": "Scope",
    "authentication": "Client authentication",
    "end": "Logout, and the issuer of answers",
    "here": "This computer",
    "login": "A login that was made (`--login`)",
}


_HEAD = "| | code | what | you | the server's owner | see |"


def tables() -> str:
    """Give what stands between the two marks."""
    lines = ["", "## What it can name", ""]
    lines += ["✗ no login gets past this, ⚠ a login survives it. The codes are those of `--json`, and stay.", ""]
    for part, kinds in BY_STEP.items():
        lines += [
            f"### {_PARTS[part]}",
            "",
            "| | code | what | you | the server's owner | see |",
            "|---|---|---|---|---|---|",
        ]
        for kind in kinds:
            if kind.mark is not Mark.OK:
                ids = ", ".join(kind.requirements)
                see = "; ".join(filter(None, (kind.sections, ids)))
                cells = (SIGNS[kind.mark], f"`{kind.code}`", kind.meaning, kind.client, kind.owner, see)
                lines.append(_row(*cells))
        lines.append("")
    lines += ["## Broken servers that it is tested on", ""]
    lines += ["| what the server does | what the doctor names | what a login ends with |", "|---|---|---|"]
    for row in ROWS:
        kind = KINDS[row.cause]
        ends = f"`{row.error}`" if row.error else "nothing: it can work"
        lines.append(_row(row.does, f"{kind.meaning} (`{kind.code}`)", ends))
    return "\n".join([*lines, ""])


def page() -> str:
    """Give the page with its tables as they should be."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
