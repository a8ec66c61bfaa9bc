# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Threats B: a server that rejects or refuses whatever it is given, without end."""

from tests.attacks.threat import Threat

THREATS: tuple[Threat, ...] = ()
