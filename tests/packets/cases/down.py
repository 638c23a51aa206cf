# SPDX-License-Identifier: Apache-2.0
"""Segments of open connections to a real server that is down: test_down.py."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

RESET = Case(
    "down-reset",
    """
    eth  0200000000aa 020000000001 0800
    ip   4500 002f 0007 4000 40 06 6eb6 0a010001 c000020a
    tcp  03e8 0050 00000002 00000101 5018 0400 060c 0000
    data 474554202f0d0a
    """,
    """
    eth  020000000001 0200000000aa 0800
    ip   4500 0028 0000 4000 40 06 6ec4 c000020a 0a010001
    tcp  0050 03e8 00000101 00000000 5004 0000 de9b 0000
    pad  000000000000
    """,
    "tx",
    "answered-down",
)
RESET6 = Case(
    "down-reset6",
    """
    eth  0200000000aa 020000000001 86dd
    ip6  60000000 001b 06 40
    addr fd010000000000000000000000000001 20010db8000000000000000000000010
    tcp  03e8 0050 00000002 00000101 5018 0400 a74c 0000
    data 474554202f0d0a
    """,
    """
    eth  020000000001 0200000000aa 86dd
    ip6  60000000 0014 06 40
    addr 20010db8000000000000000000000010 fd010000000000000000000000000001
    tcp  0050 03e8 00000101 00000000 5004 0000 7fdc 0000
    """,
    "tx",
    "answered-down",
)
RST = Case(
    "down-rst",
    """
    eth  0200000000aa 020000000001 0800
    ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
    tcp  03e8 0050 0000000a 00000000 5004 0400 db92 0000
    """,
    UNTOUCHED,
    "drop",
    "real-down",
)
ALL = [RESET, RESET6, RST]

# To services without real servers, whose packets are the kernel's then: test_empty.py.
PASSED = [
    Case(
        "empty-syn",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        UNTOUCHED,
        "pass",
        "no-real-passed",
    ),
    Case(
        "empty-data6",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 001b 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0050 00000002 00000101 5018 0400 a74c 0000
        data 474554202f0d0a
        """,
        UNTOUCHED,
        "pass",
        "no-real-passed",
    ),
    Case(
        "empty-udp",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0035 000a 83e3
        data abcd
        """,
        UNTOUCHED,
        "pass",
        "no-real-passed",
    ),
]
