# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Threats N: the way to a server: addresses, certificates, proxies, redirects, sizes and times."""

from tests.attacks.threat import Threat

THREATS: tuple[Threat, ...] = ()
