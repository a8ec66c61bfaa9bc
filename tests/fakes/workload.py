# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A workload with a token of its platform."""

import pytest

from tests.fakes.assertions import Voucher
from tests.fakes.authorization_server import ISSUER, JWT_BEARER
from tests.fakes.world import World

PLATFORM = "https://platform.example.net"
LISTED = {"grant_types_supported": [JWT_BEARER, "refresh_token"]}


class Workload:
    """A workload in its world: a platform that issues tokens, and a server that believes it."""

    def __init__(self, **switches):
        self.platform = Voucher(PLATFORM)
        self.world = World(**{"believes": (self.platform,), "says_further": LISTED, **switches})
        self.asked_for = []

    def token(self, audience=ISSUER, **claims):
        now = int(self.world.clock.now())
        return self.platform.says(**{"aud": audience, "iat": now, "exp": now + 600, **claims})

    def source(self, audience):
        """What platforms with an interface of their own give: a token for whom it was asked."""
        self.asked_for.append(audience)
        return self.token(audience)

    def engine(self, **settings):
        return self.world.engine(**{"workload_token": self.source, **settings})

    def fails(self, error, **settings):
        with pytest.raises(error) as caught:
            self.engine(**settings).replace(None)
        return caught.value

    def shown(self):
        """Give every token that has been sent to anybody."""
        return [form["assertion"] for form in self.world.server.token_forms()]
