# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Unpacking an answer whose server has packed it without being asked to, never to more bytes than are allowed."""

import zlib

MOST_CODINGS = 5
"""A field of 100 kB could name ten thousand, and each of them would cost time after the exchange is over."""

MOST_MEMBERS = 100
"""Of one gzip file; each copies what is left of the body, so a body of empty ones would take seconds."""

_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS


class TooLarge(Exception):
    """The unpacked answer would be larger than allowed."""


def unpack(body: bytes, codings: str, largest: int) -> bytes:
    """
    Undo the codings of a `Content-Encoding` field (RFC 9110 §8.4); an unknown one is left as it is.

    :param largest: The most bytes that may come out; `TooLarge` if there are more, `zlib.error` if it is damaged.
    """
    named = [coding.strip().lower() for coding in codings.split(",")]
    applied = [coding for coding in named if coding not in ("", "identity")]
    if len(applied) > MOST_CODINGS:
        message = "the answer is packed too often"
        raise zlib.error(message)
    for coding in reversed(applied):
        if not body:
            return body
        if coding in ("gzip", "x-gzip"):
            body = _inflate(body, _GZIP, largest)
        elif coding == "deflate":
            # RFC 9110 §8.4.1.2 means the zlib format, and notes that some servers leave its head out.
            body = _inflate(body, _ZLIB if body[0] & 0x0F == zlib.DEFLATED else _RAW, largest)
        else:
            return body
    return body


def _inflate(body: bytes, window: int, largest: int) -> bytes:
    """Undo one coding. Only gzip may go on with another member (RFC 1952 §2.2); nothing else may follow the end."""
    unpacked = bytearray()
    for _ in range(MOST_MEMBERS):
        decoder = zlib.decompressobj(window)
        unpacked += decoder.decompress(body, largest + 1 - len(unpacked))
        if len(unpacked) > largest:
            raise TooLarge
        if not decoder.eof:
            message = "the packed answer is cut off"
            raise zlib.error(message)
        body = decoder.unused_data
        if not body:
            return bytes(unpacked)
        if window != _GZIP:
            break
    message = "something follows the packed answer"
    raise zlib.error(message)
