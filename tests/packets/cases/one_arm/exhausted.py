# SPDX-License-Identifier: Apache-2.0
"""Mode one-arm: there is no port left (flowtable/test_pool.py)."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

SINGLES = [
    Case(
        "one-arm-exhausted",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        UNTOUCHED,
        "drop",
        "pool-exhausted",
    ),
    Case(
        "one-arm6-exhausted",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0050 000a 2509
        data abcd
        """,
        UNTOUCHED,
        "drop",
        "pool-exhausted",
    ),
]
