# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A process that is forked after the tools were connected, as the workers of a server that loads its app beforehand."""

from tests.haystack.processes import run_program


def test_a_forked_child_calls_the_tools_of_its_parent_with_connections_of_its_own(misbehaving):
    """Row J2. Trap 22."""
    assert run_program("fork", misbehaving.mcp_url).split() == ["3", "4", "5", "6", "7"]
    tokens = [one.token for one in misbehaving.requests(message="initialize")]
    assert tokens == [None, *["secret-access-1"] * 4]  # the login, the parent's session, and three of the child
    assert len(misbehaving.requests(message="tools/call")) == 5
