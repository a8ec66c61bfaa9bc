# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What Haystack's tools, toolsets and agents are made of here: connecting, lists of tools, results, refused calls."""
