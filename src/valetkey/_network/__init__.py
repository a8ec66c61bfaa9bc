# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The engine's own HTTP client, and the rules that every request of it has to pass."""
