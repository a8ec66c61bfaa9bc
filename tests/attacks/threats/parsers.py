# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Threats P: texts and documents from servers that no parser expects."""

from tests.attacks.threat import Threat

THREATS: tuple[Threat, ...] = ()
