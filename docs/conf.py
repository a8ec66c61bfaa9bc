# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The documentation site: `make docs` builds it from the pages of this folder, which also read well on a code host."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

from _site import client_document, docstrings, pages, reference  # noqa: E402

import valetkey  # noqa: E402

project = "Valetkey"
author = "The Valetkey authors"
copyright = "2026 The Valetkey authors"  # noqa: A001
version = release = valetkey.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
exclude_patterns = ["_site", "pydoc", "terminal", *(f"{name}.md" for name in pages.NOT_PAGES)]
nitpicky = True
nitpick_ignore_regex = [(r"py:.*", reference.ELSEWHERE)]

myst_heading_anchors = 4

autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88
# A name between backticks is a name, as in Markdown.
default_role = "literal"
# Quotation marks stand around what a user types.
smartquotes_action = "D"
add_module_names = False

html_theme = "furo"
html_title = "Valetkey"
html_logo = "_site/logo.svg"
html_favicon = "_site/logo.png"
html_static_path = ["_site/static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"
copybutton_exclude = ".linenos, .gp, .go"


def setup(app):  # noqa: D103
    pages.connect(app)
    docstrings.connect(app)
    reference.connect(app)
    client_document.connect(app)
