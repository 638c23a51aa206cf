# SPDX-License-Identifier: Apache-2.0
"""Probes that come back from a real server that forwards, and has not the VIP."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

CASES = [
    Case(
        "probe-l2dsr-returned",
        """
        eth  0200000000aa 02010a00000b 0800
        ip   4500 0028 0007 4000 3f 06 6fbe 0a000001 c000020a
        tcp  PPPP 0050 00000001 00000000 5002 0400 df86-P 0000
        """,
        UNTOUCHED,
        "drop",
        "probe-returned",
    ),
    Case(
        "probe-l2dsr6-returned",
        """
        eth  0200000000aa 020100000011 86dd
        ip   60000000 0014 06 3f
        addr fd000000000000000000000000000001 20010db8000000000000000000000010
        tcp  PPPP 0050 00000001 00000000 5002 0400 80c7-P 0000
        """,
        UNTOUCHED,
        "drop",
        "probe-returned",
    ),
    Case(
        "probe-echo-l2dsr-returned",
        """
        eth  0200000000aa 02010a00000b 0800
        ip   4500 0024 0007 4000 3f 01 6fc7 0a000001 c000020a
        icmp 0800 6669-P PPPP 0001
        data 6162636465666768
        """,
        UNTOUCHED,
        "drop",
        "probe-returned",
    ),
]
"""Of the probe of the same name."""
