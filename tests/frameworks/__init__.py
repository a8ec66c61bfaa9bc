# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Agent frameworks that take `OAuth`: `make frameworks` runs the programs of docs/frameworks.md in each."""
