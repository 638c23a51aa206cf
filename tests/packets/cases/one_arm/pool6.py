# SPDX-License-Identifier: Apache-2.0
"""What comes to an address of the pool and is no reply; IPv6."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

SINGLES = [
    Case(
        "pool6-tcp-no-flow",
        """
        eth  0200000000aa 020100000063 86dd
        ip6  60000000 0014 06 40
        addr fd000000000000000000000000000063 20010db8005100000000000000000007
        tcp  1f90 07d0 00000001 00000002 5012 0400 58fb 0000
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    Case(
        "pool6-udp-no-flow",
        """
        eth  0200000000aa 020100000063 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000063 20010db8005100000000000000000007
        udp  0084 07d0 000a 0113
        data cafe
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    # no service is there
    Case(
        "pool6-syn",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8005100000000000000000007
        tcp  03e8 0050 00000001 00000000 5002 0400 7c96 0000
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    Case(
        "pool6-bad-flags",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8005100000000000000000007
        tcp  03e8 0050 00000001 00000000 5003 0400 7c95 0000
        """,
        UNTOUCHED,
        "drop",
        "bad-flags",
    ),
    Case(
        "pool6-gre",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0008 2f 40
        addr fd010000000000000000000000000001 20010db8005100000000000000000007
        data 0000000000000000
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "pool6-other-host",
        """
        eth  020000000099 020100000063 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000063 20010db8005100000000000000000007
        udp  0084 07d0 000a 0113
        data cafe
        """,
        UNTOUCHED,
        "pass",
        "other-host",
    ),
    Case(
        "pool6-error-about-no-flow",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0038 3a 40
        addr fd030000000000000000000000000009 20010db8005100000000000000000007
        icmp 0200 1435 00000514
        ip6  60000000 0014 06 3c
        addr 20010db8005100000000000000000007 fd000000000000000000000000000063
        data 07d0 1f90 0000 0001
        """,
        UNTOUCHED,
        "drop",
        "icmp-error",
    ),
    # about a packet that does not come from there
    Case(
        "pool6-error-about-others",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0038 3a 40
        addr fd030000000000000000000000000009 20010db8005100000000000000000007
        icmp 0200 4543 00000514
        ip6  60000000 0014 06 3c
        addr fd010000000000000000000000000001 fd000000000000000000000000000063
        data 07d0 1f90 0000 0001
        """,
        UNTOUCHED,
        "drop",
        "icmp-error",
    ),
    Case(
        "pool6-fragment-early",
        """
        eth  0200000000aa 020100000063 86dd
        ip6  60000000 0018 2c 40
        addr fd000000000000000000000000000063 20010db8005100000000000000000007
        frag 1100001800000009
        data abcd*8
        """,
        UNTOUCHED,
        "drop",
        "fragment-early",
    ),
    Case(
        "pool6-nd",
        """
        eth  3333ff000007 020000000001 86dd
        ip6  60000000 0020 3a ff
        addr fd010000000000000000000000000001 ff0200000000000000000001ff000007
        icmp 8700 4c83 00000000
        data 20010db80051000000000000000000070101020000000001
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 0020 3a ff
        addr 20010db8005100000000000000000007 fd010000000000000000000000000001
        icmp 8800 b9d4 60000000
        data 20010db800510000000000000000000702010200000000aa
        """,
        "tx",
        "answered-nd",
    ),
    Case(
        "pool6-echo",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000c 3a 40
        addr fd010000000000000000000000000001 20010db8005100000000000000000007
        icmp 8000 75d2 00010001
        data 70696e67
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 000c 3a 40
        addr 20010db8005100000000000000000007 fd010000000000000000000000000001
        icmp 8100 74d2 00010001
        data 70696e67
        """,
        "tx",
        "answered-echo",
    ),
]
