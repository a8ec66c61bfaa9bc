# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What Valetkey costs, and what it does under load, beside a plain bearer token and its peers: `make bench`."""
