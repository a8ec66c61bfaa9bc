# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""All targets of the fuzzer, by name."""

from tests.fuzz.targets import answers, connections, records, texts

TARGETS = {target.name: target for target in (*texts.TARGETS, *answers.TARGETS, *connections.TARGETS, *records.TARGETS)}
