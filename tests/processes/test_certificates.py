# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which TLS servers are trusted. In other processes, because the authorities are read once."""

import pytest

from tests.network.certificates import make_certificates
from tests.network.server import WireServer, answer
from tests.processes.child import Child
from tests.requirements import requirement

ASK = """
    import sys
    from valetkey.errors import TemporaryError
    from valetkey._network.guard import Guard
    from valetkey._network.sender import HttpSender, UnknownOutcome
    from valetkey.wire import HttpRequest

    request = HttpRequest("POST", sys.argv[1], "renew the token", body=b"refresh_token=canary")
    try:
        print(HttpSender(Guard(sys.argv[1]))(request).status)
    except TemporaryError as error:
        print("unknown outcome" if isinstance(error, UnknownOutcome) else "not sent")
"""


@requirement("SEC-10")
@pytest.mark.parametrize(
    ("name", "is_trusted", "outcome"),
    [
        ("good", True, "200"),
        ("good", False, "not sent"),
        ("expired", True, "not sent"),
        ("elsewhere", True, "not sent"),
        ("self-signed", True, "not sent"),
    ],
)
def test_a_server_is_trusted_by_its_certificate_alone(name, is_trusted, outcome, tmp_path):
    """An authority of one's own comes in through SSL_CERT_FILE; there is nothing that switches the check off."""
    certificates = make_certificates(tmp_path)
    environment = {"SSL_CERT_FILE": str(certificates.authority) if is_trusted else ""}
    with WireServer(lambda peer: peer.send(answer()), tls=certificates.context(name)) as server:
        with Child(ASK, f"{server.url}/token", environment=environment) as child:
            assert child.succeed().strip() == outcome
        assert len(server.requests) == (outcome == "200")
