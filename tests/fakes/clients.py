# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The clients of a world's settings, and the servers they are selected for."""

from dataclasses import replace

from tests.fakes.authorization_server import ISSUER, MCP, REGISTER
from valetkey._clients.selection import ClientSelection
from valetkey._discovery.target import AuthorizationTarget
from valetkey.values import MetadataSource, ServerMetadata

ADDRESS = "http://127.0.0.1:50001/callback"
OTHER_ADDRESS = "http://127.0.0.1:50002/callback"
SERVER = ServerMetadata(ISSUER, registration_endpoint=REGISTER)
GUESSED = replace(SERVER, source=MetadataSource.GUESSED)
ELSEWHERE = ServerMetadata("https://elsewhere.example.com", token_endpoint="https://elsewhere.example.com/token")


def clients(world, *, seams=None, **settings):
    return ClientSelection(world.settings(**settings), world.store, seams or world.seams())


def target_of(server):
    return AuthorizationTarget(MCP, None, server)
