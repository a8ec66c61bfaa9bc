# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""nanoidp: a small identity provider with an OAuth 2.1 profile."""

from tests.interop.life import every_step
from tests.interop.servers.nanoidp import NANOIDP


@every_step(NANOIDP)
def test_a_session_lives(user, step):
    step.check(user)
