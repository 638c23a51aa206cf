# SPDX-License-Identifier: Apache-2.0
"""Fragments of IPv6 that are dropped, or left alone, whatever came before."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

SINGLES = [
    Case(
        "fragments6-half-a-tcp-header",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 0600 0001 01020007
        data 03e8005000000001 0000000050020400
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "fragments6-half-a-udp-header",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000c 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100 0001 01020007
        data 03e80035
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "fragments6-udp-length-7",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100 0001 01020007
        udp  03e8 0035 0007 0000
        data abcd*4
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "fragments6-icmp-first",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 3a00 0001 01020007
        icmp 8000 0000 12340001
        data abcd*4
        """,
        UNTOUCHED,
        "drop",
        "fragment",
    ),
    Case(
        "fragments6-icmp-first-short",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000c 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 3a00 0001 01020007
        icmp 8000 0000
        """,
        UNTOUCHED,
        "drop",
        "fragment",
    ),
    Case(
        "fragments6-icmp-last",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0010 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 3a00 0010 01020007
        data abcd*4
        """,
        UNTOUCHED,
        "drop",
        "fragment",
    ),
    Case(
        "fragments6-tiny-alone",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 0600 0008 01020007
        data 00000000 5010 0400 0000 0000 abcd abcd
        """,
        UNTOUCHED,
        "drop",
        "fragment",
    ),
    Case(
        "fragments6-gre-first",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 2f00 0001 01020007
        data abcd*8
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    # in IPv6 only the first one's protocol counts
    Case(
        "fragments6-gre-last",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 2f00 0010 01020007
        data abcd*8
        """,
        UNTOUCHED,
        "drop",
        "fragment-early",
    ),
    Case(
        "fragments6-tcp-first-no-flow",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 0600 0001 01020007
        tcp  03e8 0050 00000001 00000000 5010 0400 0000 0000
        data abcd*2
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    Case(
        "fragments6-tcp-first-bad-flags",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 0600 0001 01020007
        tcp  03e8 0050 00000001 00000000 5003 0400 0000 0000
        data abcd*2
        """,
        UNTOUCHED,
        "drop",
        "bad-flags",
    ),
    Case(
        "fragments6-first-other-host",
        """
        eth  0200000000bb 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100 0001 01020007
        udp  03e8 0035 0040 0607
        data abcd*8
        """,
        UNTOUCHED,
        "pass",
        "other-host",
    ),
    Case(
        "fragments6-first-elsewhere",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000011
        frag 1100 0001 01020007
        udp  03e8 0035 0040 0607
        data abcd*8
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "fragments6-last-elsewhere",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000011
        frag 1100 0030 01020007
        data abcd*8
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "fragments6-behind-options-early",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 00 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        hbh  2c00 050200000100
        frag 1100 0030 01020007
        data abcd*8
        """,
        UNTOUCHED,
        "drop",
        "fragment-early",
    ),
    Case(
        "fragments6-options-inside-cut-short",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0010 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 3c00 0001 01020007
        dopt 1101 1e0400000000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
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
        ah   3c04 0000 00000100 00000001 aa*12
        dopt 3c00 1e0400000000
        dopt 0600 1e0400000000
        tcp  03e8 0050 00000001 00000000 5002 0400 7cdd 0000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
]
