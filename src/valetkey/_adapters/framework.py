# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What the integration of a framework may use of the private rooms: Haystack's package imports no other private name.

Beside these there are the functions of `credential`.
"""

from valetkey._adapters.causes import errors_behind
from valetkey._adapters.second_rejection import rejection_of_new_token
from valetkey._engine.completing import LoginOver
from valetkey._engine.engine import Engine
from valetkey._engine.factory import shared_engine
from valetkey._engine.logout import LogoutResult
from valetkey._engine.pending import cancel_login, complete_login, find_pending, pending_of_answer
from valetkey._engine.refusing import HINT_FOR_PROGRAM
from valetkey._engine.single_flight import SingleFlight
from valetkey._engine.workers import Workers
from valetkey._network.proxies import proxy_for
from valetkey._network.request_log import log_exchange
from valetkey._policy.rejection import wants_more_scope
from valetkey.errors.copies import without_secrets
from valetkey.errors.redaction import redacting
from valetkey.errors.texts import harmless
from valetkey.profiles.catalog import find_profile, require_profile
from valetkey.profiles.profile import STANDARD
from valetkey.protocol.challenge import Challenge
from valetkey.protocol.error_response import seconds_to_wait
from valetkey.protocol.server_words import later
from valetkey.urls import require_endpoint, without_query
from valetkey.waiting import wait_for_future

__all__ = [
    "HINT_FOR_PROGRAM",  # the hint of a login whose link the program shows itself; nothing for a model to read
    "STANDARD",  # the profile of a provider that the catalogue does not have
    "Challenge",  # what a server says in a rejection; the integration hands it on to `Engine.replace`
    "Engine",  # gives the token, and another one when the MCP server rejects it
    "LoginOver",  # says that an answer completes nothing, which may be because it has come before
    "LogoutResult",  # says how a logout ended
    "SingleFlight",  # lets a thread ask for a token, for all who wait for one
    "Workers",  # threads of its own for what may never answer
    "cancel_login",  # ends a login that waits
    "complete_login",  # completes one with the URL that a user's browser has come to
    "errors_behind",  # goes through what stands behind an error
    "find_pending",  # finds a login that waits, by the id in its link
    "find_profile",  # names the provider of a session, to show it to the user
    "harmless",  # escapes and cuts a text with foreign parts
    "later",  # says when to try again
    "log_exchange",  # writes one line of the request log for each request to the MCP server
    "pending_of_answer",  # finds the one that an answer belongs to
    "proxy_for",  # names the proxy that the environment demands for a URL
    "redacting",  # leaves secrets out of the texts that are made in a block
    "rejection_of_new_token",  # the error where a login has brought no token, or no scope, that the server accepts
    "require_endpoint",  # refuses a text that is no URL of an authorization server
    "require_profile",  # refuses a name that is no provider profile's
    "seconds_to_wait",  # reads when a server wants to be asked again
    "shared_engine",  # gives all clients in the process that have the same settings one engine
    "wait_for_future",  # waits for it in an event loop
    "wants_more_scope",  # tells a rejection for missing scope from one for a bad token
    "without_query",  # leaves out of a URL what no error may repeat
    "without_secrets",  # leaves out of a text what may be a secret in the URL of the MCP server
]
