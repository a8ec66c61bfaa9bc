# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The backends of Valetkey, one module each. Importing a module imports its client library."""
