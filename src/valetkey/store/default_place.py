# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The file in which sessions are kept by default."""

from pathlib import Path


def default_path() -> Path:
    """
    Give the path of the default store.

    :returns: `credentials.db` in the platform's folder for a user's application data.
    """
    import platformdirs

    return platformdirs.user_data_path("valetkey", appauthor=False) / "credentials.db"
