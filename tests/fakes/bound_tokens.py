# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A world whose servers bind tokens to keys, and what they say of it."""

import pytest

from tests.fakes.authorization_server import TOKEN
from tests.fakes.dpop import ProofChecks
from tests.fakes.network import challenges
from tests.fakes.world import World

DPOP_ONLY = challenges('DPoP resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"')
BEARER = challenges('Bearer error="invalid_token"')
INVALID = challenges('DPoP error="invalid_token", algs="ES256"')
DEMANDED = {"resource_says_further": {"dpop_bound_access_tokens_required": True}}


def world_of(*algorithms, nonce=None, **switches):
    """Make a world whose authorization server binds tokens to keys."""
    further = {"dpop_signing_alg_values_supported": list(algorithms or ("ES256",)), **switches.pop("says_further", {})}
    world = World(says_further=further, **switches)
    world.server.proofs = ProofChecks(algorithms=algorithms or ("ES256",), nonce=nonce, now=world.clock.now)
    world.server.knows("machine", secret="s3cret")
    return world


def proofs(world):
    """Give the proofs of every token request, None for one without."""
    return [dict(request.headers).get("DPoP") for request in world.server.requests if request.url == TOKEN]


def fails(error, engine, *fields, rejected=None):
    with pytest.raises(error) as caught:
        engine.replace(rejected, fields)
    return caught.value
