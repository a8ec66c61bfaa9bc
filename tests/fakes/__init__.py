# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Fakes behind the seams of the engine: network, person, clock, store."""
