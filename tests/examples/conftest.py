# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The kernel of a notebook is installed on the main line only, which a test tells by the version of Haystack."""

from importlib.metadata import version

IS_MAIN_LINE = not version("haystack-ai").startswith("2.")

collect_ignore = [] if IS_MAIN_LINE else ["test_notebook.py"]
