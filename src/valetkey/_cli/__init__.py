# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The command line. `app` has the commands by name; each command is a module, a long one a folder."""
