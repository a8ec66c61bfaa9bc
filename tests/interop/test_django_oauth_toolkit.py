# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""django-oauth-toolkit: the OAuth of Django, with opaque tokens."""

from tests.interop.life import every_step
from tests.interop.servers.django_oauth_toolkit import AT_THE_ROOT, BELOW_A_PATH


@every_step(AT_THE_ROOT, BELOW_A_PATH)
def test_a_session_lives(user, step):
    step.check(user)
