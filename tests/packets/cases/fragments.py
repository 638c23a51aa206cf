# SPDX-License-Identifier: Apache-2.0
"""Fragments: dropped if to a VIP, left alone if to another."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

IPV4 = [
    Case(
        "ipv4-first-fragment",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0007 2000 40 11 8eb6 0a010001 c000020a
        udp  03e8 0035 0040 0000
        data abcdabcdabcdabcd
        """,
        UNTOUCHED,
        "drop",
        "fragment",
    ),
    Case(
        "ipv4-middle-fragment",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0007 2003 40 11 8eab 0a010001 c000020a
        data abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcd
        """,
        UNTOUCHED,
        "drop",
        "fragment",
    ),
    Case(
        "ipv4-last-fragment",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001c 0007 0006 40 11 aeb8 0a010001 c000020a
        data abcdabcdabcdabcd
        """,
        UNTOUCHED,
        "drop",
        "fragment",
    ),
    Case(
        "ipv4-tcp-first-fragment",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 2000 40 06 8ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        UNTOUCHED,
        "drop",
        "fragment",
    ),
    Case(
        "ipv4-icmp-fragment",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001c 0007 0001 40 01 aecd 0a010001 c000020a
        data abcdabcdabcdabcd
        """,
        UNTOUCHED,
        "drop",
        "fragment",
    ),
    # to 192.0.2.11, which is no VIP
    Case(
        "ipv4-first-fragment-elsewhere",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0007 2000 40 11 8eb5 0a010001 c000020b
        udp  03e8 0035 0040 0000
        data abcdabcdabcdabcd
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "ipv4-middle-fragment-elsewhere",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0007 2003 40 11 8eaa 0a010001 c000020b
        data abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcd
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "ipv4-last-fragment-elsewhere",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001c 0007 0006 40 11 aeb7 0a010001 c000020b
        data abcdabcdabcdabcd
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
]

IPV6 = [
    Case(
        "ipv6-first-fragment",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100 0001 01020304
        udp  03e8 0035 0040 0000
        data abcdabcdabcdabcd
        """,
        UNTOUCHED,
        "drop",
        "fragment",
    ),
    Case(
        "ipv6-middle-fragment",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100 0019 01020304
        data abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcd
        """,
        UNTOUCHED,
        "drop",
        "fragment",
    ),
    Case(
        "ipv6-last-fragment",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0010 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100 0030 01020304
        data abcdabcdabcdabcd
        """,
        UNTOUCHED,
        "drop",
        "fragment",
    ),
    Case(
        "ipv6-fragment-behind-options",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0024 00 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        hbh  2c00 050200000100
        frag 0600 0001 01020304
        tcp  03e8 0050 00000001 00000000 5002 0400 7cde 0000
        """,
        UNTOUCHED,
        "drop",
        "fragment",
    ),
    # to 2001:db8::11, which is no VIP
    Case(
        "ipv6-first-fragment-elsewhere",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000011
        frag 1100 0001 01020304
        udp  03e8 0035 0040 0000
        data abcdabcdabcdabcd
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "ipv6-middle-fragment-elsewhere",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000011
        frag 1100 0019 01020304
        data abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcd
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "ipv6-seven-headers-elsewhere",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 005c 00 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000011
        hbh  3c00 050200000100
        dopt 2b00 1e0400000000
        rt   2c00 040000000000
        frag 3300 0000 01020304
        ah   3c04 0000 00000100 00000001 aaaaaaaaaaaaaaaaaaaaaaaa
        dopt 3c00 1e0400000000
        dopt 0600 1e0400000000
        tcp  03e8 0050 00000001 00000000 5002 0400 7cdd 0000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
]
