# SPDX-License-Identifier: Apache-2.0
"""Packets in packets to a VIP, and lengths that lie: dropped."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

SINGLES = [
    # a packet to a VIP in a packet to a VIP is not unwrapped
    Case(
        "nested-4in4",
        """
        eth  0200000000aa 020000000001 0800
        oip  4500 003c 0007 4000 40 04 6eab 0a010001 c000020a
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "nested-6in4",
        """
        eth  0200000000aa 020000000001 0800
        oip  4500 0050 0007 4000 40 29 6e72 0a010001 c000020a
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0050 00000001 00000000 5002 0400 7cde 0000
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "nested-gue",
        """
        eth  0200000000aa 020000000001 0800
        oip  4500 0044 0007 4000 40 11 6e96 0a010001 c000020a
        oudp 03e8 17c0 0030 e400
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "nested-4in6",
        """
        eth  0200000000aa 020000000001 86dd
        oip6 60000000 0028 04 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "nested-6in6",
        """
        eth  0200000000aa 020000000001 86dd
        oip6 60000000 003c 29 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0050 00000001 00000000 5002 0400 7cde 0000
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "nested-gue6",
        """
        eth  0200000000aa 020000000001 86dd
        oip6 60000000 0044 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        oudp 03e8 17c0 0044 52b8
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0050 00000001 00000000 5002 0400 7cde 0000
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "nested-4in4-short",
        """
        eth  0200000000aa 020000000001 0800
        oip  4500 001c 0007 4000 40 04 6ecb 0a010001 c000020a
        data 4500002800074000
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "nested-4in4-fragment",
        """
        eth  0200000000aa 020000000001 0800
        oip  4500 003c 0007 2000 40 04 8eab 0a010001 c000020a
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "nested-4in4-later-fragment",
        """
        eth  0200000000aa 020000000001 0800
        oip  4500 003c 0007 0001 40 04 aeaa 0a010001 c000020a
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    # lengths that lie, to services that would read and write by them
    Case(
        "dscp-longer-than-frame",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0029 0007 4000 40 06 6ebc 0a010001 c000020a
        tcp  03e8 0064 00000001 00000000 5002 0400 db89 0000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "dscp-header-longer-than-packet",
        """
        eth  0200000000aa 020000000001 0800
        ip   4f00 0028 0007 4000 40 06 64bd 0a010001 c000020a
        tcp  03e8 0064 00000001 00000000 5002 0400 db89 0000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "4in4-longer-than-frame",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0029 0007 4000 40 06 6ebc 0a010001 c000020a
        tcp  03e8 0065 00000001 00000000 5002 0400 db88 0000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "gue-4in4-shorter-than-header",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0013 0007 4000 40 06 6ed2 0a010001 c000020a
        tcp  03e8 0066 00000001 00000000 5002 0400 db87 0000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "4in4-offset-beyond-packet",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0065 00000001 00000000 6002 0400 cb88 0000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "4in4-udp-length-beyond-packet",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0065 000b 0000
        data abcd
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "6in6-longer-than-frame",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0015 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0065 00000001 00000000 5002 0400 7cc9 0000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "6in6-payload-0",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0000 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0065 00000001 00000000 5002 0400 7cc9 0000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "gue-6in6-extension-beyond-packet",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000c 00 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        hbh  0601 050200000100
        data 00000000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "6in6-seven-headers",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 005c 00 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        hbh  3c00 050200000100
        dopt 2b00 1e0400000000
        rt   2c00 040000000000
        frag 3300 0000 01020304
        ah   3c04 0000 00000100 00000001 aa*12
        dopt 3c00 1e0400000000
        dopt 0600 1e0400000000
        tcp  03e8 0065 00000001 00000000 5002 0400 7cc9 0000
        """,
        UNTOUCHED,
        "drop",
        "extension-depth",
    ),
]
