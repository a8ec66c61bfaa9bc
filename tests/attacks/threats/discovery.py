# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Threats D: a server that names other servers: metadata, issuers, endpoints and the links that a browser opens."""

from tests.attacks.threat import Threat

THREATS: tuple[Threat, ...] = ()
