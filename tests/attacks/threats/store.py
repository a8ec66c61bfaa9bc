# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Threats F: the files and databases of sessions, and where a token is sent."""

from tests.attacks.threat import Threat

THREATS: tuple[Threat, ...] = ()
