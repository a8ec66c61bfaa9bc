# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""All targets of the fuzzer, by name."""

from tests.fuzz.targets import answers, browsers, connections, records, texts

_ROOMS = (texts, answers, connections, browsers, records)

TARGETS = {target.name: target for room in _ROOMS for target in room.TARGETS}
