# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The client requirements, and how a test names those it proves.

The items are data, a module for each group in `tests/manifest`. `tests/test_requirements.py` checks both directions: a
test names only what exists, and what exists is named by a test, unless its `gap` says why not.
"""

from collections.abc import Mapping
from itertools import chain
from types import MappingProxyType

import pytest

from tests.manifest.asm import ASM
from tests.manifest.aut import AUT
from tests.manifest.cc import CC
from tests.manifest.cimd import CIMD
from tests.manifest.dcr import DCR
from tests.manifest.dev import DEV
from tests.manifest.dpop import DPOP
from tests.manifest.ema import EMA
from tests.manifest.gen import GEN
from tests.manifest.http import HTTP
from tests.manifest.mtls import MTLS
from tests.manifest.nat import NAT
from tests.manifest.prm import PRM
from tests.manifest.ref import REF
from tests.manifest.reg import REG
from tests.manifest.requirement import Requirement
from tests.manifest.res import RES
from tests.manifest.rev import REV
from tests.manifest.rsp import RSP
from tests.manifest.scp import SCP
from tests.manifest.sec import SEC
from tests.manifest.stp import STP
from tests.manifest.tok import TOK
from tests.manifest.use import USE
from tests.manifest.ver import VER
from tests.manifest.wif import WIF
from tests.manifest.www import WWW

GROUPS: tuple[tuple[Requirement, ...], ...] = (
    *(GEN, WWW, PRM, ASM),  # finding out
    *(REG, CIMD, DCR, SCP, RES, AUT, RSP),  # logging in
    *(TOK, USE, REF, STP),  # tokens
    *(SEC, NAT, REV, DEV),  # around them
    *(CC, EMA, WIF, DPOP, MTLS),  # extensions
    *(VER, HTTP),  # revisions
)

MANIFEST: Mapping[str, Requirement] = MappingProxyType({item.id: item for item in chain.from_iterable(GROUPS)})
"""Every item by its id, in the order of the groups."""


def requirement(*ids: str) -> pytest.MarkDecorator:
    """
    Name the requirements that a test proves.

    :param ids: Ids of the manifest, such as "WWW-3".
    :returns: The decorator for the test.
    :raises ValueError: If there is no id, or one that the manifest does not have.
    """
    if not ids:
        message = "A test that names its requirements names at least one."
        raise ValueError(message)
    for item in ids:
        if item not in MANIFEST:
            message = f"The manifest has no requirement {item!r}."
            raise ValueError(message)
    return pytest.mark.requirement(*ids)
