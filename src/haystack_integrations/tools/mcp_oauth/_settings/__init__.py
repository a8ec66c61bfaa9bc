# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How settings stand in a pipeline's YAML: the types of fields, plain data, and secrets that are resolved late."""
