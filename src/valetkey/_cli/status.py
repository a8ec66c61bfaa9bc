# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey status`: where the sessions are, and whether they are encrypted."""

from valetkey._cli.console import Console
from valetkey._cli.parameters import StoreName


def status(console: Console, store: StoreName = None) -> None:
    """Show where your sessions are, and whether they are encrypted."""
    from valetkey.store import open_store
    from valetkey.store.encryption.protection import describe

    protection = describe(open_store(store))
    document = {"encrypted": protection.encrypted, "protection": protection.where}
    console.result(document, f"{'encrypted' if protection.encrypted else 'not encrypted'}: {protection.where}")
