# SPDX-License-Identifier: Apache-2.0
"""What comes to an address of the pool and is no reply."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

SINGLES = [
    Case(
        "pool-tcp-no-flow",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 0028 0007 4000 40 06 0650 0a00003f c6336407
        tcp  1f90 07d0 00000001 00000002 5012 0400 4ff6 0000
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    Case(
        "pool-udp-no-flow",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 001e 0007 4000 40 11 064f 0a00003f c6336407
        udp  0084 07d0 000a f80d
        data cafe
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    # no service is there
    Case(
        "pool-syn",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 068d 0a010001 c6336407
        tcp  03e8 0050 00000001 00000000 5002 0400 736d 0000
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    Case(
        "pool-bad-flags",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 068d 0a010001 c6336407
        tcp  03e8 0050 00000001 00000000 5003 0400 736c 0000
        """,
        UNTOUCHED,
        "drop",
        "bad-flags",
    ),
    Case(
        "pool-gre",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001c 0007 4000 40 2f 0670 0a010001 c6336407
        data 0000000000000000
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "pool-other-host",
        """
        eth  020000000099 02010a00003f 0800
        ip   4500 001e 0007 4000 40 11 064f 0a00003f c6336407
        udp  0084 07d0 000a f80d
        data cafe
        """,
        UNTOUCHED,
        "pass",
        "other-host",
    ),
    Case(
        "pool-error-about-no-flow",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 0678 0a030009 c6336407
        icmp 0304 d086 00000514
        ip   4500 0028 0007 4000 3c 06 0a50 c6336407 0a00003f
        data 07d0 1f90 0000 0001
        """,
        UNTOUCHED,
        "drop",
        "icmp-error",
    ),
    # about a packet that does not come from there
    Case(
        "pool-error-about-others",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 0678 0a030009 c6336407
        icmp 0304 d086 00000514
        ip   4500 0028 0007 4000 3c 06 2a89 0a010001 0a00003f
        data 07d0 1f90 0000 0001
        """,
        UNTOUCHED,
        "drop",
        "icmp-error",
    ),
    Case(
        "pool-fragment-early",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 0024 0009 0003 40 11 4644 0a00003f c6336407
        data abcd*8
        """,
        UNTOUCHED,
        "drop",
        "fragment-early",
    ),
    Case(
        "pool-arp",
        """
        eth  ffffffffffff 020000000001 0806
        arp  0001 0800 0604 0001 020000000001 0a010001 000000000000 c6336407
        """,
        """
        eth  020000000001 0200000000aa 0806
        arp  0001 0800 0604 0002 0200000000aa c6336407 020000000001 0a010001
        """,
        "tx",
        "answered-arp",
    ),
    Case(
        "pool-echo",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0020 0007 0000 40 01 469a 0a010001 c6336407
        icmp 0800 192d 00010001
        data 70696e67
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0020 0007 0000 40 01 469a c6336407 0a010001
        icmp 0000 212d 00010001
        data 70696e67
        """,
        "tx",
        "answered-echo",
    ),
    Case(
        "pool-timestamp",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 0000 40 00 4693 0a010001 c6336407
        data 0d00f2ff00000000000000000000000000000000
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
]
