# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""One client for many users: whose call it is, and what each of them has behind it."""
