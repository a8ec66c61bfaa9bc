# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""All broken servers, in the order in which a login meets their faults."""

from tests.doctor import broken, broken_logins

ROWS = (
    *broken.OF_THE_PLACE,
    *broken.OF_THE_REJECTION,
    *broken.OF_THE_RESOURCE,
    *broken_logins.OF_THE_SERVER,
    *broken_logins.OF_THE_CLIENT,
)
