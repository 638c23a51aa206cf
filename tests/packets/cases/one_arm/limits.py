# SPDX-License-Identifier: Apache-2.0
"""Mode one-arm: TTLs and MTUs."""

from __future__ import annotations

from tests.packets.cases.case import Case

FLOW = [
    Case(
        "one-arm-limits-udp-query",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0084 000a 8394
        data abcd
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   4500 001e 0007 4000 3f 11 074f c6336407 0a00003f
        udp  PPPP 0084 000a 1f0f-P
        data abcd
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-arm-ttl-1-reply",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 001e 0007 4000 01 11 454f 0a00003f c6336407
        udp  0084 PPPP 000a ffdd-P
        data cafe
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   45c0 0038 0000 0000 40 01 65c6 0a000001 0a00003f
        icmp 0b00 f493 00000000
        ip   4500 001e 0007 4000 01 11 454f 0a00003f c6336407
        udp  0084 PPPP 000a ffdd-P
        """,
        "tx",
        "answered-time-exceeded",
    ),
    Case(
        "one-arm-too-big-reply",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 05dd 0007 4000 40 11 0090 0a00003f c6336407
        udp  0084 PPPP 05c9 1509-P
        data 55*1473
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   45c0 0240 0000 0000 40 01 63be 0a000001 0a00003f
        icmp 0304 311f 000005dc
        ip   4500 05dd 0007 4000 40 11 0090 0a00003f c6336407
        udp  0084 PPPP 05c9 1509-P
        data 5555*260
        """,
        "tx",
        "answered-too-big",
    ),
    Case(
        "one-arm-fits-reply",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 05dc 0007 4000 40 11 0091 0a00003f c6336407
        udp  0084 PPPP 05c8 6a0b-P
        data 5555*736
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 05dc 0007 4000 3f 11 69fe c000020a 0a010001
        udp  0084 03e8 05c8 ce90
        data 5555*736
        """,
        "tx",
        "forwarded-reply",
    ),
]

FLOW6 = [
    Case(
        "one-arm6-limits-udp-query",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0084 000a 24d5
        data abcd
        """,
        """
        eth  020100000063 0200000000aa 86dd
        ip6  60000000 000a 11 3f
        addr 20010db8005100000000000000000007 fd000000000000000000000000000063
        udp  PPPP 0084 000a 2814-P
        data abcd
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-arm6-ttl-1-reply",
        """
        eth  0200000000aa 020100000063 86dd
        ip6  60000000 000a 11 01
        addr fd000000000000000000000000000063 20010db8005100000000000000000007
        udp  0084 PPPP 000a 08e3-P
        data cafe
        """,
        """
        eth  020100000063 0200000000aa 86dd
        ip6  60000000 0038 3a 40
        addr fd000000000000000000000000000001 fd000000000000000000000000000063
        icmp 0300 5c36 00000000
        ip6  60000000 000a 11 01
        addr fd000000000000000000000000000063 20010db8005100000000000000000007
        udp  0084 PPPP 000a 08e3-P
        """,
        "tx",
        "answered-time-exceeded",
    ),
    Case(
        "one-arm6-too-big-reply",
        """
        eth  0200000000aa 020100000063 86dd
        ip6  60000000 05b5 11 40
        addr fd000000000000000000000000000063 20010db8005100000000000000000007
        udp  0084 PPPP 05b5 738b-P
        data 55*1453
        """,
        """
        eth  020100000063 0200000000aa 86dd
        ip6  60000000 04d8 3a 40
        addr fd000000000000000000000000000001 fd000000000000000000000000000063
        icmp 0200 8727 000005dc
        ip6  60000000 05b5 11 40
        addr fd000000000000000000000000000063 20010db8005100000000000000000007
        udp  0084 PPPP 05b5 738b-P
        data 5555*592
        """,
        "tx",
        "answered-too-big",
    ),
    Case(
        "one-arm6-fits-reply",
        """
        eth  0200000000aa 020100000063 86dd
        ip6  60000000 05b4 11 40
        addr fd000000000000000000000000000063 20010db8005100000000000000000007
        udp  0084 PPPP 05b4 c88d-P
        data 5555*726
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 05b4 11 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  0084 03e8 05b4 c54e
        data 5555*726
        """,
        "tx",
        "forwarded-reply",
    ),
]

SINGLES = [
    # begins no flow
    Case(
        "one-arm-ttl-1",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 01 06 adbd 0a010001 c000020a
        tcp  03e8 0084 00000001 00000000 5002 0400 db69 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   45c0 0044 0000 0000 40 01 65f7 0a000001 0a010001
        icmp 0b00 c126 00000000
        ip   4500 0028 0007 4000 01 06 adbd 0a010001 c000020a
        tcp  03e8 0084 00000001 00000000 5002 0400 db69 0000
        """,
        "tx",
        "answered-time-exceeded",
    ),
    # one byte more than the MTU; the VIP says so
    Case(
        "one-arm-too-big",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 05dd 0007 4000 40 11 68fd 0a010001 c000020a
        udp  03e8 0084 05c9 798e
        data 55*1473
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   45c0 0240 0000 0000 40 01 abf1 c000020a 0a010001
        icmp 0304 c8b1 000005dc
        ip   4500 05dd 0007 4000 40 11 68fd 0a010001 c000020a
        udp  03e8 0084 05c9 798e
        data 5555*260
        """,
        "tx",
        "answered-too-big",
    ),
    # exactly the MTU
    Case(
        "one-arm-fits",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 05dc 0007 4000 40 11 68fe 0a010001 c000020a
        udp  03f1 0084 05c8 ce87
        data 5555*736
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   4500 05dc 0007 4000 3f 11 0191 c6336407 0a00003f
        udp  PPPP 0084 05c8 6a0b-P
        data 5555*736
        """,
        "tx",
        "forwarded",
    ),
    # begins no flow
    Case(
        "one-arm6-ttl-1",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 01
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0084 00000001 00000000 5002 0400 7caa 0000
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 0044 3a 40
        addr fd000000000000000000000000000001 fd010000000000000000000000000001
        icmp 0300 9c81 00000000
        ip6  60000000 0014 06 01
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0084 00000001 00000000 5002 0400 7caa 0000
        """,
        "tx",
        "answered-time-exceeded",
    ),
    # one byte more than the MTU; the VIP says so
    Case(
        "one-arm6-too-big",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 05b5 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0084 05b5 704c
        data 55*1453
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 04d8 3a 40
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        icmp 0200 56c1 000005dc
        ip6  60000000 05b5 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0084 05b5 704c
        data 5555*592
        """,
        "tx",
        "answered-too-big",
    ),
    # exactly the MTU
    Case(
        "one-arm6-fits",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 05b4 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03f1 0084 05b4 c545
        data 5555*726
        """,
        """
        eth  020100000063 0200000000aa 86dd
        ip6  60000000 05b4 11 3f
        addr 20010db8005100000000000000000007 fd000000000000000000000000000063
        udp  PPPP 0084 05b4 c88d-P
        data 5555*726
        """,
        "tx",
        "forwarded",
    ),
]
