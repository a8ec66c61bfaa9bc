# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Writes the tables of the engine into docs/architecture.md: `python -m tests.docs.architecture`."""

from pathlib import Path

from valetkey._engine.decision import STEPS
from valetkey._engine.refresh_outcome import NEXT_STEPS
from valetkey._policy.brake import RESTS
from valetkey._policy.refusal import REFUSALS, RefusalRow
from valetkey._policy.verdict import VERDICTS

PAGE = Path(__file__).parent.parent.parent / "docs" / "architecture.md"
BEGINNING, END = "<!-- written by python -m tests.docs.architecture -->\n", "<!-- end of what is written -->\n"


def table(title: str, headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [headings, ("---",) * len(headings), *rows]
    return "\n".join([f"**{title}**", "", *(f"| {' | '.join(cells)} |" for cells in lines)])


def refusal(row: RefusalRow) -> tuple[str, ...]:
    """Give one row of the third table: what it means, when, and what becomes of token, client, endpoint and person."""
    meaning = row.meaning
    return (
        meaning.name,
        row.when,
        "ends" if meaning.ends_token else "stays",
        "is forgotten" if meaning.ends_client else "stays",
        "is looked up again" if meaning.is_elsewhere else "stays",
        "may log in" if meaning.may_ask_person else "is not asked",
    )


def tables() -> str:
    """Give the five tables as Markdown."""
    steps = [(row.step.value, row.when) for row in STEPS]
    next_steps = [(row.step.value, row.when) for row in NEXT_STEPS]
    refusals = [refusal(row) for row in REFUSALS]
    columns = ("meaning", "when", "refresh token", "client", "endpoint", "person")
    parts = (
        table("What to do next (`_engine/decision.py`)", ("step", "when"), steps),
        table("What follows a refresh (`_engine/refresh_outcome.py`)", ("step", "when"), next_steps),
        table("What a refusal means (`_policy/refusal.py`)", columns, refusals),
        table("What the brake holds (`_policy/brake.py`)", ("when", "pause"), [(row.when, row.pause) for row in RESTS]),
        table(
            "What a token was worth (`_policy/verdict.py`)",
            ("verdict", "when"),
            [(row.verdict.value, row.when) for row in VERDICTS],
        ),
    )
    return "\n\n".join(parts) + "\n"


def page() -> str:
    """Give the page with the tables of the code in it."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGINNING)
    return f"{before}{BEGINNING}\n{tables()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
