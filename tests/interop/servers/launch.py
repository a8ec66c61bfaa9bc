# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Runs a console script that ends together with its standard input: `python -I launch.py nanoidp --port 9000`.

It runs in the environment of a server, so it imports nothing but the standard library.
"""

import importlib.metadata
import os
import sys
import threading


def end_with_stdin() -> None:
    """End this process when its standard input ends, which is when its owner does."""
    while os.read(0, 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with_stdin, daemon=True).start()
    (script,) = importlib.metadata.entry_points(group="console_scripts", name=sys.argv[1])
    del sys.argv[0]
    script.load()()
