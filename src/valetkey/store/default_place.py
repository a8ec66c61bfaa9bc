# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Where sessions are kept if nobody says otherwise."""

from pathlib import Path


def default_path() -> Path:
    """
    Give the file sessions are kept in by default.

    :returns: `credentials.db` in the platform's folder for a user's application data.
    """
    import platformdirs

    return platformdirs.user_data_path("valetkey", appauthor=False) / "credentials.db"
