# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A login that was begun and waits for its answer, which may come to another process than the one that began it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """
    A login that waits for its answer in a session store. It holds no thread, and no process has to live on for it.

    The links are for the person alone, so `repr` does not show them.

    :param id: What finds the login in its store; it is in the short link, and too long to guess (192 bits).
    :param server_url: The MCP server that wants the login.
    :param issuer: The authorization server where the person logs in.
    :param principal: The user who may log in: the session will be that user's.
    :param label: Which of the user's sessions at that server it is for.
    :param link: What the person opens: the short link of the web app at `public_url`, or else `authorization_url`.
    :param authorization_url: The page of the authorization server, to which a web app redirects the person's browser.
    :param redirect_uri: The address that the answer comes to.
    :param ends_at: Until when it waits, as Unix time in seconds.
    """

    id: str = field(repr=False)
    server_url: str
    issuer: str
    principal: str
    label: str
    link: str = field(repr=False)
    authorization_url: str = field(repr=False)
    redirect_uri: str
    ends_at: float
