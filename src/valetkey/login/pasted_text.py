# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a person pastes, read as the address that a browser stopped at."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

_CONTROL_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z~]")  # some terminals mark with it where a paste begins and ends
_LONGEST = 65_536
_AROUND = "\"'`<>“”‘’«»"
_BEHIND = ".,;)]"
_QUERY = re.compile(r"(?:code|state|error|iss)=")


def cleaned(text: str) -> str:
    """Take out what no address holds: line breaks, spaces, what a terminal adds, and quotation marks around it."""
    plain = _CONTROL_SEQUENCE.sub("", text[:_LONGEST]).replace("&amp;", "&")
    address = "".join(each for each in plain if each.isprintable() and not each.isspace()).strip(_AROUND)
    return f"?{address}" if _QUERY.match(address) else address


def readings(pasted: str, earlier: str) -> Iterator[str]:
    """Give the addresses that a text may mean: by itself, or as the end of what was pasted before; less a last mark."""
    for address in (pasted, earlier + pasted) if earlier else (pasted,):
        yield address
        if (shorter := address.rstrip(_BEHIND)) != address:
            yield shorter


def answer_in(address: str) -> dict[str, str]:
    """Give the parameters of an answer to a login; empty for an address without one. It is checked later."""
    try:
        parameters = parse_qs(urlsplit(address).query, keep_blank_values=True)
    except ValueError:
        return {}
    if "code" not in parameters and "error" not in parameters:
        return {}
    return {name: values[0] for name, values in parameters.items()}
