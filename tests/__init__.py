# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

import os

# The tests, and the programs they start, do not touch the keyring of whoever runs them.
os.environ.setdefault("VALETKEY_STORE_ENCRYPTION", "off")
