# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The stores of Valetkey, one module each; a client library is imported with its module, when a store is opened."""
