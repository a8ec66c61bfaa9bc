# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What a language model and its user are told about a login.

An error speaks to the program that catches it. Some of its hints say what a program has to do, and are left out here.
"""

from haystack_integrations.tools.mcp_oauth.errors import AuthorizationRequired, MCPAuthorizationError
from valetkey._adapters.framework import HINT_FOR_PROGRAM
from valetkey.errors import LoginRequired

_FOR_OPERATOR = "The user cannot sign in here. For the operator of this program: "
_PROGRAM_HAS_LINK = "The program that runs this tool has the link for it. Call the tool again after the login."


def what_happened(error: MCPAuthorizationError) -> str:
    """Give the text of an error without a hint that is for a program which has the link shown."""
    text = str(error)
    return text.removesuffix(HINT_FOR_PROGRAM).rstrip() if error.hint == HINT_FOR_PROGRAM else text


def refused_call(error: AuthorizationRequired) -> str:
    """Say why a tool was not called; a link stands in it only if it is the short one of a web app."""
    if error.hint == HINT_FOR_PROGRAM:
        return f"{what_happened(error)} {_PROGRAM_HAS_LINK}"
    return _to_operator_or_user(error)


def not_signed_in(server: str, error: MCPAuthorizationError) -> str:
    """Say what the user has to do who called the tool for signing in, with the link."""
    link = getattr(error, "authorization_url", None)
    if link is None or link in str(error):
        return _to_operator_or_user(error)
    if error.hint == HINT_FOR_PROGRAM:
        return (
            f"The user is not signed in to {server}. The user signs in here: {link} The browser may then say that it "
            "cannot open an address that it is sent to: the program that runs this tool needs that address."
        )
    return f"{error} The user signs in here: {link}"


def _to_operator_or_user(error: MCPAuthorizationError) -> str:
    is_for_operator = type(error.error) is LoginRequired and error.error.authorization_url is None
    return f"{_FOR_OPERATOR if is_for_operator else ''}{error}"
