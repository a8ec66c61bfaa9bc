# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Discovery over a real network: whose certificate does not prove who it is has nothing to say about a login."""

import pytest

from tests.network.certificates import make_certificates
from tests.network.server import WireServer, answer
from tests.requirements import requirement
from valetkey._discovery.discovery import discover
from valetkey._network.guard import Guard
from valetkey._network.sender import HttpSender
from valetkey.errors import TemporaryError
from valetkey.settings.settings import Settings


@requirement("PRM-14", "SEC-10")
@pytest.mark.parametrize("name", ["self-signed", "expired", "elsewhere", "good"])
def test_metadata_is_read_from_nobody_without_a_certificate_of_a_known_authority(name, tmp_path):
    """Even the good one is of an authority that nobody here knows."""
    certificates = make_certificates(tmp_path)
    with WireServer(lambda peer: peer.send(answer()), tls=certificates.context(name)) as server:
        settings = Settings(url=f"https://127.0.0.1:{server.port}/mcp")
        with pytest.raises(TemporaryError, match="does not prove with a certificate who it is"):
            discover(settings, None, HttpSender(Guard(settings.server_url)))
    assert server.requests == []
