# SPDX-License-Identifier: Apache-2.0
"""Packets of new flows when the daemon is silent, and new flows are to be dropped then:
test_silence.py."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

ALL = [
    Case(
        "silent-syn",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        UNTOUCHED,
        "drop",
        "silent",
    ),
    Case(
        "silent-data6",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 001b 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0050 00000002 00000101 5018 0400 a74c 0000
        data 474554202f0d0a
        """,
        UNTOUCHED,
        "drop",
        "silent",
    ),
    Case(
        "silent-udp",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0035 000a 83e3
        data abcd
        """,
        UNTOUCHED,
        "drop",
        "silent",
    ),
]
