# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A browser that writes down how it was started and what it was shown: `recording_browser.py record=FILE URL`.

It follows redirects, as a browser does whose person is logged in at the authorization server.
"""

import json
import sys
import urllib.request
from pathlib import Path


def main(arguments):
    """Write the record when the last page is there."""
    record = Path(arguments[0].partition("=")[2])
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(arguments[-1], timeout=50) as response:
        shown = {"page": response.read().decode(), "fields": dict(response.headers.items()), "url": response.url}
    of_the_process = {
        name: Path(f"/proc/self/{name}").read_bytes().decode("latin-1") for name in ("cmdline", "environ")
    }
    # The name is there only when all of it is written.
    written = record.with_suffix(".part")
    written.write_text(json.dumps({**shown, **of_the_process}), encoding="utf-8")
    written.rename(record)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
