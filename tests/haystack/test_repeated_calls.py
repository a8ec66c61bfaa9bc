# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A call that was turned away is made anew; it has not been executed before."""

import pytest

from tests.haystack.calling import call, tool_of
from tests.requirements import requirement


@requirement("USE-10", "USE-8")
@pytest.mark.parametrize("scope", [None, "admin"], ids=["another token", "more scope"])
def test_a_rejected_call_becomes_a_new_request_with_an_id_of_its_own(misbehaving, scope, open_toolset):
    add = tool_of(open_toolset(misbehaving.mcp_url))
    misbehaving.revoke_access_tokens()
    misbehaving.switches.scope_of_calls = scope
    assert call(add, a=1, b=2) == "3"
    calls = misbehaving.requests(message="tools/call")
    assert [one.status for one in calls] == [401, *([403] if scope else []), 200]
    assert len({one.id for one in calls}) == len(calls)
    assert misbehaving.executed == 1
