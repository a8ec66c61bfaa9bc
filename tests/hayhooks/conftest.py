# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

import pytest

from tests.browser.chromium import Chromium


@pytest.fixture(scope="session")
def chromium():
    with Chromium() as browser:
        yield browser
