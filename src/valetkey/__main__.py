# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The command `valetkey`: `python -m valetkey` is the same."""

from valetkey._cli.app import main

if __name__ == "__main__":
    main()
