# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Threats N: the way to a server: addresses, certificates, proxies, redirects, sizes and times."""

from tests.attacks.threat import Defence, Threat

NETWORK = "src/valetkey/_network"
CONNECTIONS, GUARD, ADDRESSES = (f"{NETWORK}/{name}.py" for name in ("connections", "guard", "addresses"))
HOSTS, TRUST, FIELDS, UNPACKING = (f"{NETWORK}/{name}.py" for name in ("hosts", "trust", "fields", "unpacking"))
PROXIES, STREAMS, LOCALITY = (f"{NETWORK}/{name}.py" for name in ("proxies", "streams", "locality"))
FLOW = "src/valetkey/_adapters/flow.py"
SETTINGS = "src/valetkey/settings/network.py"

MCP_SERVER = "the MCP server"
OWNER_OF_A_NAME = "the MCP server, or the owner of a name that it leads to"
JUDGED = "            if self._guard.is_restricted(url, kind) and not self._locality.is_at(kind, self._clock):\n"
ADDRESSES_ALLOWED = "        self._require_allowed(url, *map(kind_of, addresses))\n"
HOST_ALLOWED = (
    "        self._require_allowed(url, kind_of_host(host))  # behind a proxy, all else is for the proxy to look up\n"
)

THREATS: tuple[Threat, ...] = (
    Threat(
        id="N1",
        attacker=MCP_SERVER,
        controls="the URLs of its metadata",
        gets="nothing from a URL whose user information hides its host",
        remains="",
        test="test_network.py::test_a_url_that_hides_where_it_leads_gets_no_secret",
        defences=(Defence(GUARD, '        urls.require_endpoint(request.url, "address")\n', ""),),
    ),
    Threat(
        id="N2",
        attacker="a name server, or another program that writes the hosts file",
        controls="what localhost stands for",
        gets="no request in plain text",
        remains="it can keep a login from succeeding",
        test="test_network.py::test_plain_http_leaves_this_computer_under_no_name",
        defences=(
            Defence(
                GUARD,
                'if parts.scheme.lower() == "http" and kind is not AddressKind.LOOPBACK:',
                "if False:",
            ),
        ),
    ),
    Threat(
        id="N3",
        attacker=OWNER_OF_A_NAME,
        controls="the URLs of its metadata, and the addresses of a name",
        gets="no request to a router, to a service in the network or to one on this computer",
        remains="behind a proxy, what the proxy reaches by a name is up to its operator",
        test="test_network.py::test_a_server_outside_leads_to_no_service_inside",
        defences=(
            Defence(CONNECTIONS, ADDRESSES_ALLOWED, ""),
            Defence(CONNECTIONS, "*map(kind_of, addresses))", "kind_of(addresses[0]))"),
            Defence(CONNECTIONS, JUDGED, "            if self._guard.is_restricted(url, kind) and False:\n"),
            Defence(GUARD, "return kind is not AddressKind.PUBLIC and not is_chosen", "return False"),
        ),
    ),
    Threat(
        id="N4",
        attacker=OWNER_OF_A_NAME,
        controls="the URLs of its metadata, and the addresses of a name",
        gets="no credentials of a cloud machine",
        remains="",
        test="test_network.py::test_the_metadata_service_of_a_cloud_is_asked_for_no_one",
        defences=(
            Defence(GUARD, "        if kind in _FORBIDDEN:\n", "        if False:\n"),
            Defence(ADDRESSES, "    if address in _METADATA:\n", "    if False:\n"),
        ),
    ),
    Threat(
        id="N5",
        attacker=OWNER_OF_A_NAME,
        controls="the IPv6 addresses of a name",
        gets="no request to an IPv4 address inside the network, by way of a gateway",
        remains="",
        test="test_network.py::test_an_inner_address_in_the_wrapping_of_a_gateway_is_an_inner_address",
        defences=(
            Defence(ADDRESSES, "return (ipaddress.IPv4Address(int(address) & 0xFFFFFFFF),)", "return ()"),
            Defence(
                ADDRESSES,
                "        return AddressKind.RESERVED  # no gateway leads there for a good reason\n",
                "        return AddressKind.PRIVATE\n",
            ),
        ),
    ),
    Threat(
        id="N6",
        attacker="the owner of a name (DNS rebinding)",
        controls="what each lookup answers",
        gets="no connection to another address than the one that was judged",
        remains="",
        test="test_network.py::test_a_name_that_changes_after_it_was_checked_changes_nothing",
        defences=(
            Defence(
                CONNECTIONS,
                "PinnedBackend(lambda _host, _port: addresses, self._clock)",
                "PinnedBackend(self._look_up, self._clock)",
            ),
        ),
    ),
    Threat(
        id="N7",
        attacker=MCP_SERVER,
        controls="the URLs of its metadata, where requests go through a proxy",
        gets="no CONNECT to an inner address in any notation",
        remains="a name of the attacker's that the proxy's name server gives an inner address",
        test="test_network.py::test_a_proxy_is_led_to_no_inner_address_in_any_notation",
        defences=(
            Defence(CONNECTIONS, "        self._require_allowed(url, kind_of_host(host))", "        "),
            Defence(HOSTS, 'return host.rstrip(".")', "return host"),
            Defence(HOSTS, "    if name in _METADATA:\n", "    if False:\n"),
            Defence(HOSTS, "return AddressKind.RESERVED if _ENDS_IN_A_NUMBER", "return None if _ENDS_IN_A_NUMBER"),
        ),
    ),
    Threat(
        id="N8",
        attacker="the operator of a proxy",
        controls="what goes through it",
        gets="no plain http request to a server on this computer",
        remains="it sees the hosts of all other requests",
        test="test_network.py::test_a_proxy_reads_no_request_to_this_computer",
        defences=(
            Defence(
                PROXIES,
                '    if kind_of_host(urlsplit(url).hostname or "") is AddressKind.LOOPBACK:\n',
                "    if False:\n",
            ),
        ),
    ),
    Threat(
        id="N9",
        attacker="an MCP server outside, whose owner points its name into the network",
        controls="the addresses of its name, at each moment",
        gets="no right to lead inside: it cannot show its certificate there",
        remains="the handshake at that address",
        test="test_network.py::test_a_server_that_only_claims_to_live_inside_leads_nowhere_inside",
        defences=(
            Defence(
                LOCALITY,
                "if is_https and numeric_address(host) is None and not urls.is_loopback_host(host):",
                "if False:",
            ),
            Defence(
                LOCALITY,
                "        except ssl.SSLCertVerificationError:\n            continue\n",
                "        except ssl.SSLCertVerificationError:\n            return True\n",
            ),
        ),
    ),
    Threat(
        id="N10",
        attacker="who sits on the way to a server",
        controls="the connection",
        gets="nothing: no setting switches the verification of certificates off",
        remains="whom the user trusts: the environment and `certificate_authorities` name authorities",
        test="test_network.py::test_tls_that_verifies_nothing_cannot_be_set",
        defences=(
            Defence(
                SETTINGS, "if context.verify_mode is not ssl.CERT_REQUIRED or not context.check_hostname:", "if False:"
            ),
            Defence(TRUST, "return require_verifying(authorities)", "return authorities"),
        ),
    ),
    Threat(
        id="N11",
        attacker="a server that Valetkey asks",
        controls="its own origin",
        gets="no header field that the user has given to another origin",
        remains="",
        test="test_network.py::test_a_header_field_of_one_origin_reaches_no_other",
        defences=(
            Defence(
                FIELDS,
                "dict(network.headers).get(urls.origin(url), ())",
                "tuple(each for _, fields in network.headers for each in fields)",
            ),
        ),
    ),
    Threat(
        id="N12",
        attacker="who writes a value that a program puts into its network settings",
        controls="names and values of header fields",
        gets="no field that frames the message or says who asks, and no second field",
        remains="",
        test="test_network.py::test_a_value_from_elsewhere_changes_no_field_of_ours",
        defences=(
            Defence(SETTINGS, 'if known in _OWN_FIELDS or known.startswith("proxy-"):', "if False:"),
            Defence(SETTINGS, 'known = name.lower().replace("_", "-")', "known = name.lower()"),
            Defence(SETTINGS, "if secret is None or not FIELD_VALUE.fullmatch(secret.reveal()):", "if secret is None:"),
            Defence(
                SETTINGS,
                "if not isinstance(name, str) or not _FIELD_NAME.fullmatch(name):",
                "if not isinstance(name, str):",
            ),
        ),
    ),
    Threat(
        id="N13",
        attacker="who can break connections off",
        controls="the moment",
        gets="no second copy of a token request, which could end the whole login (RFC 9700 §4.14.2)",
        remains="the answer may be lost: the login is then renewed or asked for again",
        test="test_network.py::test_a_connection_that_is_broken_off_makes_no_request_go_twice",
        defences=(Defence(CONNECTIONS, 'if self._clock.has_sent and request.method != "GET":', "if False:"),),
    ),
    Threat(
        id="N14",
        attacker="a server that asks for a client certificate",
        controls="its own handshake",
        gets="no certificate that the user has named for another origin: it would say who the user is",
        remains="a certificate that the user loads into an SSLContext of his own is shown to all",
        test="test_network.py::test_a_client_certificate_is_shown_to_no_other_origin",
        defences=(
            Defence(TRUST, "self._certificates.get(urls.origin(url))", "next(iter(self._certificates.values()), None)"),
        ),
    ),
    Threat(
        id="N15",
        attacker="who reads errors and logs",
        controls="nothing",
        gets="no password of a proxy",
        remains="",
        test="test_network.py::test_the_password_of_a_proxy_is_in_no_text",
        defences=(
            Defence(PROXIES, "url: str = field(repr=False)", "url: str"),
            Defence(PROXIES, "cannot be used: its URL {fault}.", "cannot be used: its URL {named} {fault}."),
        ),
    ),
    Threat(
        id="N16",
        attacker="a fault of Valetkey that an MCP server finds",
        controls="which endpoint is asked",
        gets="no credential of another issuer",
        remains="",
        test="test_network.py::test_a_credential_of_one_issuer_goes_to_no_endpoint_of_another",
        defences=(Defence(GUARD, "            if owner != request.issuer:\n", "            if False:\n"),),
    ),
    Threat(
        id="N17",
        attacker="a server that Valetkey asks",
        controls="the length of its answer",
        gets="no memory beyond a mebibyte",
        remains="",
        test="test_network.py::test_a_body_without_an_end_is_read_to_the_cap",
        defences=(Defence(CONNECTIONS, "            if len(body) > largest:\n", "            if False:\n"),),
    ),
    Threat(
        id="N18",
        attacker="a server that Valetkey asks",
        controls="an answer that unpacks to a thousand times its size",
        gets="no memory beyond a few mebibytes",
        remains="",
        test="test_network.py::test_a_bomb_is_unpacked_to_the_cap",
        defences=(
            Defence(UNPACKING, "decoder.decompress(body, largest + 1 - len(unpacked))", "decoder.decompress(body)"),
            Defence(UNPACKING, "        if len(unpacked) > largest:\n", "        if False:\n"),
        ),
    ),
    Threat(
        id="N19",
        attacker=MCP_SERVER,
        controls="a rejection that unpacks to a thousand times its size",
        gets="no memory of the program: a packed rejection is not read before the request is sent again",
        remains="answers that reach the program are read by its own library",
        test="test_network.py::test_a_rejection_that_is_a_bomb_is_not_unpacked_by_the_callers_library",
        defences=(Defence(FLOW, "return is_packed or not is_short", "return not is_short"),),
    ),
    Threat(
        id="N20",
        attacker="a server that Valetkey asks",
        controls="the pace of its answer",
        gets="no more time than ten seconds",
        remains="",
        test="test_network.py::test_an_answer_drop_by_drop_has_no_more_time_than_any_other",
        defences=(
            Defence(
                STREAMS, "settimeout(self._clock.left())\n            return", "settimeout(5.0)\n            return"
            ),
        ),
    ),
    Threat(
        id="N21",
        attacker="who can put bytes behind an answer, at a gateway that miscounts it",
        controls="what follows an answer on the same connection",
        gets="no forged token answer",
        remains="",
        test="test_network.py::test_what_follows_an_answer_is_not_the_answer_to_the_next_request",
        defences=(Defence(CONNECTIONS, " or _is_out_of_step(self._open[route], response.headers)", ""),),
    ),
)
