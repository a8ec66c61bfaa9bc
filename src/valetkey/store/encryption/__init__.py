# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Encryption of any store: where its key comes from, and what happens to a store that was plain before."""
