# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The flags of mcp-remote that the bridge does not have."""

import pytest

from valetkey._cli.bridge.foreign_flags import WITH_VALUE, WITHOUT_VALUE, without_foreign_flags


@pytest.mark.parametrize("flag", WITH_VALUE)
def test_a_flag_goes_with_its_value_in_both_spellings(flag):
    for given in ([flag, "30"], [f"{flag}=30"]):
        kept, reasons = without_foreign_flags(["URL", *given, "3334"])
        assert kept == ["URL", "3334"]
        assert reasons == {flag: WITH_VALUE[flag]}


@pytest.mark.parametrize("flag", WITHOUT_VALUE)
def test_a_flag_without_a_value_goes_alone(flag):
    assert without_foreign_flags([flag, "URL"]) == (["URL"], {flag: WITHOUT_VALUE[flag]})


def test_other_arguments_stay_and_a_value_that_is_not_there_is_no_fault():
    given = ["URL", "3334", "--header", "A: --keep-alive", "--debug", "--ping-interval"]
    assert without_foreign_flags(given)[0] == given[:-1]
