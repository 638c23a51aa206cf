# SPDX-License-Identifier: Apache-2.0
"""Mode bridge: TTLs and MTUs."""

from __future__ import annotations

from tests.packets.cases.case import Case

FLOW = [
    Case(
        "bridge-limits-udp-query",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0082 000a 8396
        data abcd
        """,
        """
        eth  02010a00003d 020000000001 0800
        ip   4500 001e 0007 4000 40 11 268a 0a010001 0a00003d
        udp  03e8 0082 000a 3b64
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge-ttl-1-reply",
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 001e 0007 4000 01 11 658a 0a00003d 0a010001
        udp  0082 03e8 000a 1c33
        data cafe
        """,
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 001e 0007 4000 01 11 adbc c000020a 0a010001
        udp  0082 03e8 000a 6465
        data cafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "bridge-too-big-reply",
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 05dd 0007 4000 40 11 20cb 0a00003d 0a010001
        udp  0082 03e8 05c9 315e
        data 55*1473
        """,
        """
        eth  02010a00003d 020000000001 0800
        ip   45c0 0240 0000 0000 40 01 5ac0 0a000901 0a00003d
        icmp 0304 10e4 000005dc
        ip   4500 05dd 0007 4000 40 11 20cb 0a00003d 0a010001
        udp  0082 03e8 05c9 315e
        data 5555*260
        """,
        "tx",
        "answered-too-big",
        "out0",
    ),
    Case(
        "bridge-fits-reply",
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 05dc 0007 4000 40 11 20cc 0a00003d 0a010001
        udp  0082 03e8 05c8 8660
        data 5555*736
        """,
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 05dc 0007 4000 40 11 68fe c000020a 0a010001
        udp  0082 03e8 05c8 ce92
        data 5555*736
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]

FLOW6 = [
    Case(
        "bridge6-limits-udp-query",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0082 000a 24d7
        data abcd
        """,
        """
        eth  020100000061 020000000001 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 fd000000000000000000000000000061
        udp  03e8 0082 000a 553e
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge6-ttl-1-reply",
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 000a 11 01
        addr fd000000000000000000000000000061 fd010000000000000000000000000001
        udp  0082 03e8 000a 360d
        data cafe
        """,
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 000a 11 01
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  0082 03e8 000a 05a6
        data cafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "bridge6-too-big-reply",
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 05b5 11 40
        addr fd000000000000000000000000000061 fd010000000000000000000000000001
        udp  0082 03e8 05b5 a0b5
        data 55*1453
        """,
        """
        eth  020100000061 020000000001 86dd
        ip6  60000000 04d8 3a 40
        addr fd010000000000000000000000000001 fd000000000000000000000000000061
        icmp 0200 8728 000005dc
        ip6  60000000 05b5 11 40
        addr fd000000000000000000000000000061 fd010000000000000000000000000001
        udp  0082 03e8 05b5 a0b5
        data 5555*592
        """,
        "tx",
        "answered-too-big",
        "out0",
    ),
    Case(
        "bridge6-fits-reply",
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 05b4 11 40
        addr fd000000000000000000000000000061 fd010000000000000000000000000001
        udp  0082 03e8 05b4 f5b7
        data 5555*726
        """,
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 05b4 11 40
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  0082 03e8 05b4 c550
        data 5555*726
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]

SINGLES = [
    # it is no hop
    Case(
        "bridge-ttl-1",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 01 06 adbd 0a010001 c000020a
        tcp  03e8 0082 00000001 00000000 5002 0400 db6b 0000
        """,
        """
        eth  02010a00003d 020000000001 0800
        ip   4500 0028 0007 4000 01 06 658b 0a010001 0a00003d
        tcp  03e8 1f90 00000001 00000000 5002 0400 742b 0000
        """,
        "redirect",
        "forwarded",
    ),
    # one byte more than the MTU; the VIP says so
    Case(
        "bridge-too-big",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 05dd 0007 4000 40 11 68fd 0a010001 c000020a
        udp  03e8 0082 05c9 7990
        data 55*1473
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   45c0 0240 0000 0000 40 01 abf1 c000020a 0a010001
        icmp 0304 c8b1 000005dc
        ip   4500 05dd 0007 4000 40 11 68fd 0a010001 c000020a
        udp  03e8 0082 05c9 7990
        data 5555*260
        """,
        "tx",
        "answered-too-big",
    ),
    # exactly the MTU
    Case(
        "bridge-fits",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 05dc 0007 4000 40 11 68fe 0a010001 c000020a
        udp  03f1 0082 05c8 ce89
        data 5555*736
        """,
        """
        eth  02010a00003d 020000000001 0800
        ip   4500 05dc 0007 4000 40 11 20cc 0a010001 0a00003d
        udp  03f1 0082 05c8 8657
        data 5555*736
        """,
        "redirect",
        "forwarded",
    ),
    # it is no hop
    Case(
        "bridge6-ttl-1",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 01
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0082 00000001 00000000 5002 0400 7cac 0000
        """,
        """
        eth  020100000061 020000000001 86dd
        ip6  60000000 0014 06 01
        addr fd010000000000000000000000000001 fd000000000000000000000000000061
        tcp  03e8 1f90 00000001 00000000 5002 0400 8e05 0000
        """,
        "redirect",
        "forwarded",
    ),
    # one byte more than the MTU; the VIP says so
    Case(
        "bridge6-too-big",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 05b5 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0082 05b5 704e
        data 55*1453
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 04d8 3a 40
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        icmp 0200 56c1 000005dc
        ip6  60000000 05b5 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0082 05b5 704e
        data 5555*592
        """,
        "tx",
        "answered-too-big",
    ),
    # exactly the MTU
    Case(
        "bridge6-fits",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 05b4 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03f1 0082 05b4 c547
        data 5555*726
        """,
        """
        eth  020100000061 020000000001 86dd
        ip6  60000000 05b4 11 40
        addr fd010000000000000000000000000001 fd000000000000000000000000000061
        udp  03f1 0082 05b4 f5ae
        data 5555*726
        """,
        "redirect",
        "forwarded",
    ),
]
