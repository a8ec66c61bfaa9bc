# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The engine: the order in which a token is sought, and the one object that has it."""
