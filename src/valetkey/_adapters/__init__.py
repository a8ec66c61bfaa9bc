# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What httpx, httpx2 and Haystack share: putting a token on a request, and reading a rejection."""
