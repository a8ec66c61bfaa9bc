# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Docstrings are reST with code between ``` lines, as Haystack's reference wants it; Sphinx wants a directive there."""


def connect(app):
    """Hook the rewriting of docstrings into Sphinx."""
    app.connect("autodoc-process-docstring", on_docstring)


def on_docstring(_app, _what, _name, _item, _options, lines):
    """Change the lines of a docstring in place."""
    lines[:] = with_directives(lines)


def with_directives(lines):
    """The lines with a directive in place of each pair of ``` lines."""
    changed, language = [], None
    for line in lines:
        mark = line.strip()
        indent = line[: len(line) - len(line.lstrip())]
        if mark.startswith("```"):
            if language is None:
                language = mark.strip("`") or "text"
                changed += ["", f"{indent}.. code-block:: {language}", ""]
            else:
                language = None
                changed.append("")
        else:
            changed.append(f"    {line}" if language and mark else line)
    return changed
