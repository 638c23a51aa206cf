# SPDX-License-Identifier: Apache-2.0
"""Fragments of IPv4 that are dropped, or left alone, whatever came before."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

SINGLES = [
    Case(
        "fragments-half-a-tcp-header",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0007 2000 40 06 8ec1 0a010001 c000020a
        data 03e8005000000001 0000000050020400
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "fragments-half-a-udp-header",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0018 0007 2000 40 11 8ec2 0a010001 c000020a
        data 03e80035
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "fragments-udp-length-7",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0007 2000 40 11 8eb6 0a010001 c000020a
        udp  03e8 0035 0007 0000
        data abcd*4
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "fragments-icmp-first",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0007 2000 40 01 8ec6 0a010001 c000020a
        icmp 0800 0000 12340001
        data abcd*4
        """,
        UNTOUCHED,
        "drop",
        "fragment",
    ),
    Case(
        "fragments-icmp-first-short",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0018 0007 2000 40 01 8ed2 0a010001 c000020a
        icmp 0800 0000
        """,
        UNTOUCHED,
        "drop",
        "fragment",
    ),
    Case(
        "fragments-icmp-last",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001c 0007 0002 40 01 aecc 0a010001 c000020a
        data abcd*4
        """,
        UNTOUCHED,
        "drop",
        "fragment",
    ),
    Case(
        "fragments-tiny-alone",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0007 0001 40 06 aec0 0a010001 c000020a
        data 00000000 5010 0400 0000 0000 abcd abcd
        """,
        UNTOUCHED,
        "drop",
        "fragment",
    ),
    Case(
        "fragments-gre-first",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0007 2000 40 2f 8e98 0a010001 c000020a
        data abcd*8
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "fragments-gre-last",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0007 0002 40 2f ae96 0a010001 c000020a
        data abcd*8
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "fragments-tcp-first-no-flow",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0007 2000 40 06 8eb9 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5010 0400 0000 0000
        data abcd*2
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    Case(
        "fragments-tcp-first-bad-flags",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0007 2000 40 06 8eb9 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5003 0400 0000 0000
        data abcd*2
        """,
        UNTOUCHED,
        "drop",
        "bad-flags",
    ),
    Case(
        "fragments-first-other-host",
        """
        eth  0200000000bb 020000000001 0800
        ip   4500 002c 0007 2000 40 11 8eae 0a010001 c000020a
        udp  03e8 0035 0040 64c6
        data abcd*8
        """,
        UNTOUCHED,
        "pass",
        "other-host",
    ),
    Case(
        "fragments-first-elsewhere",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0007 2000 40 11 8ead 0a010001 c000020b
        udp  03e8 0035 0040 64c6
        data abcd*8
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "fragments-last-elsewhere",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0007 0006 40 11 aeaf 0a010001 c000020b
        data abcd*8
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
]
