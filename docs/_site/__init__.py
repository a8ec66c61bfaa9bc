# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What Sphinx does not do by itself: pages for a code host and a site alike, docstrings with Markdown in them."""
