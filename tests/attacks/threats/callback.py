# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Threats C: the browser, the callback address, the pages and the other users of the computer."""

from tests.attacks.threat import Threat

THREATS: tuple[Threat, ...] = ()
