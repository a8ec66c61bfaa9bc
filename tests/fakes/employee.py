# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""An employee for whom an identity provider vouches."""

import pytest

from tests.fakes.identity_provider import CLIENT_THERE, IDP, IDP_TOKEN, SECRET_THERE, IdentityProviderServer
from tests.fakes.network import Internet
from tests.fakes.world import World
from valetkey.settings.credentials import IdentityProvider
from valetkey.values import Secret

CLIENT_HERE, SECRET_HERE = "client-at-the-as", "s3cret-at-the-as"


class Employee:
    """An employee in the world of an organisation: its identity provider, and a server that believes it."""

    def __init__(self, *, idp=None, **switches):
        self.idp = IdentityProviderServer(**(idp or {}))
        self.world = World(**{"believes": (self.idp.voucher,), **switches})
        self.idp.now = self.world.clock.now
        self.server = self.world.server
        self.server.knows(CLIENT_HERE, secret=SECRET_HERE)
        self.world.send = self.internet = Internet(self.server, self.idp)
        self.logins = 0

    def id_token(self, audience=None):
        """The single sign-on of the organisation, somewhere else in the program."""
        self.logins += 1
        assert audience in (None, CLIENT_THERE)
        return self.idp.id_token()

    def provider(self, **changes):
        usual = {"client_secret": Secret(SECRET_THERE), "token_endpoint": IDP_TOKEN, "id_token": self.id_token}
        return IdentityProvider(**{"issuer": IDP, "client_id": CLIENT_THERE, **usual, **changes})

    def engine(self, *, provider=None, **settings):
        usual = {"client_id": CLIENT_HERE, "client_secret": Secret(SECRET_HERE)}
        if "clients" not in settings:
            usual["issuer"] = self.server.issuer
        return self.world.engine(**{"identity_provider": provider or self.provider(), **usual, **settings})

    def fails(self, error, **settings):
        with pytest.raises(error) as caught:
            self.engine(**settings).replace(None)
        return caught.value

    def presented(self):
        return [form["assertion"] for form in self.server.token_forms()]
