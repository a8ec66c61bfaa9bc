# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Transport, addresses and secrets."""

from tests.manifest.requirement import Requirement
from tests.manifest.sources import oauth21, practices, security, specification

SEC = (
    Requirement("SEC-1", "MUST", oauth21("1.5"), "Use https for everything, and http on loopback only."),
    Requirement(
        "SEC-2",
        "SHOULD",
        practices("server-side-request-forgery-ssrf"),
        "Refuse plain http unless the user allows it for development.",
    ),
    Requirement(
        "SEC-3",
        "MUST",
        practices("server-side-request-forgery-ssrf"),
        "Guard what a server-side client fetches against being led to internal services.",
    ),
    Requirement(
        "SEC-4", "SHOULD", practices("server-side-request-forgery-ssrf"), "Block private, local and reserved addresses."
    ),
    Requirement(
        "SEC-5",
        "SHOULD (note)",
        practices("server-side-request-forgery-ssrf"),
        "Judge resolved addresses by a library, and not names by their looks.",
    ),
    Requirement(
        "SEC-6",
        "SHOULD",
        practices("server-side-request-forgery-ssrf"),
        "Check where a redirect leads like the address before it, or follow none.",
    ),
    Requirement(
        "SEC-7",
        "SHOULD (guidance)",
        practices("server-side-request-forgery-ssrf"),
        "Connect to the very address that was checked.",
    ),
    Requirement(
        "SEC-8",
        "SHOULD (operators)",
        practices("server-side-request-forgery-ssrf"),
        "Obey the proxy settings of the environment.",
    ),
    Requirement(
        "SEC-9",
        "MUST (derived)",
        practices("server-side-request-forgery-ssrf"),
        "Bound the size and time of answers, and repeat them to nobody.",
    ),
    Requirement(
        "SEC-10",
        "MUST",
        oauth21("1.5"),
        "Verify certificates and host names everywhere; let a private authority be named.",
    ),
    Requirement("SEC-11", "MUST", security("token-theft"), "Keep tokens where nobody else on the computer reads them."),
    Requirement(
        "SEC-12", "MUST NOT (derived)", oauth21("7.1.3.1"), "Keep secrets out of logs, addresses, arguments and errors."
    ),
    Requirement(
        "SEC-13",
        "SHOULD",
        practices("oauth-authorization-url-validation"),
        "Send a content security policy with every page of ours.",
    ),
    Requirement("SEC-14", "MUST NOT", oauth21("7.12.1"), "Be no open redirector."),
    Requirement("SEC-15", "MUST", oauth21("2.3.4"), "Tell the answers of different authorization servers apart."),
    Requirement(
        "SEC-16",
        "MUST (where it applies)",
        security("confused-deputy-problem"),
        "As a gateway, ask consent for each client and pass no token through.",
        gap="Valetkey is a client and no gateway: it takes no token from another program.",
    ),
    Requirement(
        "SEC-17",
        "MUST NOT",
        specification("server/discover"),
        "Trust a server's address and not the name it gives itself.",
    ),
    Requirement(
        "SEC-18",
        "MUST",
        specification("server/utilities/caching"),
        "Share no private results between accounts.",
        gap="Valetkey keeps no results of calls; the MCP SDK and Haystack do.",
    ),
    Requirement(
        "SEC-19",
        "MUST",
        specification("client/elicitation"),
        "Show the whole address a server asks the user to open, and leave that login alone.",
        gap="Elicitation needs a user interface, which belongs to the program around the MCP client.",
    ),
    Requirement(
        "SEC-20",
        "MUST (if offered)",
        practices("local-mcp-server-compromise"),
        "Show the command of a local server and ask before it is installed.",
        gap="Valetkey installs and starts no servers.",
    ),
)
