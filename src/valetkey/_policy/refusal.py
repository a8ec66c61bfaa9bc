# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the refusal of an authorization server means for the session."""


def ends_refresh_token(error: str | None) -> bool:
    """
    Tell whether a refusal says that the refresh token is of no use any more.

    :param error: The error code.
    :returns: True for `invalid_grant` (RFC 6749 §5.2), and for codes of a server's own that name the refresh token
        (`bad_refresh_token` of GitHub, `invalid_refresh_token` of Slack).
    """
    return error is not None and (error == "invalid_grant" or "refresh_token" in error)
