# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The kinds of findings about an MCP server: where it is, and what it speaks."""

from valetkey._cli.doctor.kinds import ASK, CHECK_URL, TRUST_PROXY, fault, ok, warning

OF_THE_PLACE = (
    ok("url_ok", "The URL can be used.", "SEC-1"),
    fault(
        "settings_wrong",
        "The URL or the settings cannot be used.",
        "GEN-1",
        client="Give the http(s) URL of the MCP server as its operator writes it, with its path.",
    ),
    fault(
        "url_refused",
        "No request may go to this URL: it is not encrypted, carries a password, or leads to an address that no MCP "
        "server may have.",
        *("SEC-1", "SEC-2", "SEC-4", "AUT-14"),
        client="Use the https URL of the server, without user name and password.",
        owner="Serve MCP over https.",
        sections="MCP Communication Security; RFC 9110 §4.2.4",
    ),
    ok("host_found", "The host name has an address."),
    ok("host_by_proxy", "A proxy looks the host name up.", "SEC-8"),
    fault(
        "host_unknown",
        "The host name has no address.",
        client="Check the host name in the URL, and the network.",
        owner="See whether the DNS record is there.",
    ),
    ok("connected", "A connection comes about; over https the certificate is good.", "SEC-10", "PRM-14"),
    warning(
        "answers_slowly",
        "The server takes long to answer; clients with short time limits give up.",
        client="Raise the timeouts of your MCP client.",
        owner="Answer a call without a token at once: no work is needed for a 401.",
    ),
    fault(
        "connection_refused",
        "Nothing listens at the host's port.",
        client="Check the port in the URL; if it is your own server, start it.",
        owner="Start the server, or open the port.",
    ),
    fault(
        "connection_failed",
        "No connection comes about.",
        client="Check the network and a VPN, and try again.",
        owner="See whether a firewall drops the packets.",
    ),
    fault(
        "certificate_untrusted",
        "The server does not prove with a certificate who it is.",
        *("SEC-10", "PRM-14"),
        client="If your network has a certificate authority of its own, name its file in SSL_CERT_FILE.",
        owner="Install a certificate of this host name, with the intermediate ones, and renew it in time.",
        sections="RFC 9110 §4.3.4; MCP Communication Security",
    ),
    fault(
        "tls_failed",
        "The other side does not speak TLS, or not as this computer does.",
        "SEC-10",
        client="If it is your own server without TLS on this computer, begin the URL with http://.",
        owner="Serve TLS 1.2 or newer at this port.",
    ),
    fault(
        "client_certificate_wanted",
        "The server wants a client certificate.",
        "MTLS-1",
        client="Name yours for this origin in network=Network(client_certificates=…) of your program.",
        owner="Say so in your documentation: a login over OAuth alone does not get through.",
    ),
    fault(
        "proxy_failed",
        "The proxy on the way does not connect.",
        "SEC-8",
        client="Check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY, or name the server in NO_PROXY.",
    ),
    fault(
        "no_answer",
        "The request was sent, and no answer came.",
        client="Try again later.",
        owner="See whether the server hangs, or a gateway before it breaks the connection off.",
    ),
    fault(
        "answer_unreadable",
        "An answer came that cannot be read: too large, cut off, or packed in another way than it says.",
        "SEC-9",
        client=ASK,
        owner="See what a proxy before the server does to Content-Encoding and Content-Length.",
        sections="RFC 9110 §8.4",
    ),
)

OF_MCP = (
    ok("speaks_mcp", "The server answers as an MCP server does."),
    ok("mcp_behind_login", "What it speaks is seen after the login."),
    warning(
        "sse_only",
        "The server speaks the older HTTP+SSE transport and no streamable HTTP.",
        "VER-11",
        client="Use the SSE transport of your client (SSEServerInfo in Haystack, sse_client in the MCP SDK).",
        owner="Offer streamable HTTP; HTTP+SSE is deprecated since MCP 2025-03-26.",
        sections="MCP 2025-03-26, Transports",
    ),
    warning(
        "redirected",
        "The URL redirects within its origin.",
        "SEC-6",
        client="Use the address it redirects to: a client may lose the body or the token on the way.",
        owner="Answer at both addresses, or publish the one that answers.",
        sections="RFC 9110 §15.4",
    ),
    fault(
        "redirected_elsewhere",
        "The URL redirects to another server.",
        *("USE-6", "SEC-6"),
        client="Use that address if it is the right server.",
        owner="Publish the URL where the server is.",
        sections="RFC 9110 §15.4",
    ),
    fault(
        "redirected_behind_proxy",
        "Behind a proxy that the server does not know of, its redirect leads to an address from inside.",
        *("USE-6", "SEC-1"),
        client="Use the URL that needs no redirect: often the same with a last slash, or without it.",
        owner=TRUST_PROXY,
        sections="RFC 9110 §15.4; MCP Communication Security",
    ),
    fault(
        "redirect_fruitless",
        "The URL redirects, and no MCP server is at the end.",
        "SEC-6",
        client=CHECK_URL,
        owner="Answer at the published URL itself; a redirect to a page is no answer to a program.",
        sections="RFC 9110 §15.4",
    ),
    fault(
        "access_gateway",
        "An access gateway or a bot filter stands before the server and lets no program through.",
        client="Give the header fields that the gateway wants (--header; network= in a program), or ask its operator.",
        owner="Let the MCP path and /.well-known/ pass without a browser check; MCP has its own login.",
        sections="MCP Authorization; RFC 9728 §3.1",
    ),
    fault(
        "not_found",
        "There is no MCP server at this path.",
        client=CHECK_URL,
        owner="Publish the URL of the MCP endpoint.",
    ),
    fault(
        "web_page",
        "A web page answers instead of an MCP server.",
        client=f"{CHECK_URL} Often it ends in /mcp.",
        owner="See whether a catch-all route or a sign-in page answers before the MCP server does.",
        sections="MCP Transports, Streamable HTTP",
    ),
    fault(
        "method_refused",
        "The server refuses POST here, and serves no stream of events either.",
        client=CHECK_URL,
        owner="Let POST through to the MCP endpoint.",
        sections="MCP Transports, Streamable HTTP",
    ),
    fault(
        "host_refused",
        "The server refuses the host name that it is asked by.",
        "GEN-1",
        client=ASK,
        owner="Allow the public host name in its check (allowed_hosts, ALLOWED_HOSTS), or see where a proxy sends it.",
        sections="RFC 9110 §7.4, §15.5.20; MCP Transports, Security Warning",
    ),
    fault(
        "not_mcp",
        "What answers is no MCP server.",
        client=CHECK_URL,
        owner="See which program answers at this path.",
        sections="MCP Transports, Streamable HTTP",
    ),
    fault(
        "payment_wanted",
        "The server wants to be paid for access.",
        client="Ask its operator what access costs, and whether your account has paid for it.",
    ),
    fault(
        "server_fails",
        "The MCP server, or a gateway before it, cannot answer now.",
        client="Try again later; if it stays so, tell the server's operator.",
        owner="See the server's log.",
    ),
    fault(
        "rate_limited",
        "The server takes no more requests for a while.",
        client="Wait for the time that it names, then try again.",
        owner="Send Retry-After; do not count requests for metadata.",
        sections="RFC 6585 §4",
    ),
)
