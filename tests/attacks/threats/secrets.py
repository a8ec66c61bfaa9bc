# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Threats S: secrets in what is shown, logged, stored or handed to another program."""

from tests.attacks.threat import Threat

THREATS: tuple[Threat, ...] = ()
