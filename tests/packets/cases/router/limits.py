# SPDX-License-Identifier: Apache-2.0
"""Mode router: TTLs and MTUs."""

from __future__ import annotations

from tests.packets.cases.case import Case

FLOW = [
    Case(
        "router-limits-udp-query",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0083 000a 8395
        data abcd
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 001e 0007 4000 3f 11 2789 0a010001 0a00003e
        udp  03e8 0083 000a 3b62
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "router-ttl-1-reply",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 001e 0007 4000 01 11 6589 0a00003e 0a010001
        udp  0083 03e8 000a 1c31
        data cafe
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   45c0 0038 0000 0000 40 01 5cc7 0a000901 0a00003e
        icmp 0b00 d459 00000000
        ip   4500 001e 0007 4000 01 11 6589 0a00003e 0a010001
        udp  0083 03e8 000a 1c31
        """,
        "tx",
        "answered-time-exceeded",
        "out0",
    ),
    Case(
        "router-too-big-reply",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 05dd 0007 4000 40 11 20ca 0a00003e 0a010001
        udp  0083 03e8 05c9 315c
        data 55*1473
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   45c0 0240 0000 0000 40 01 5abf 0a000901 0a00003e
        icmp 0304 10e5 000005dc
        ip   4500 05dd 0007 4000 40 11 20ca 0a00003e 0a010001
        udp  0083 03e8 05c9 315c
        data 5555*260
        """,
        "tx",
        "answered-too-big",
        "out0",
    ),
    Case(
        "router-fits-reply",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 05dc 0007 4000 40 11 20cb 0a00003e 0a010001
        udp  0083 03e8 05c8 865e
        data 5555*736
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 05dc 0007 4000 3f 11 69fe c000020a 0a010001
        udp  0083 03e8 05c8 ce91
        data 5555*736
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]

FLOW6 = [
    Case(
        "router6-limits-udp-query",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0083 000a 24d6
        data abcd
        """,
        """
        eth  020100000062 0200000000bb 86dd
        ip6  60000000 000a 11 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000062
        udp  03e8 0083 000a 553c
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    # out0 has no IPv6 address: the address that it was sent to says so
    Case(
        "router6-ttl-1-reply",
        """
        eth  0200000000bb 020100000062 86dd
        ip6  60000000 000a 11 01
        addr fd000000000000000000000000000062 fd010000000000000000000000000001
        udp  0083 03e8 000a 360b
        data cafe
        """,
        """
        eth  020100000062 0200000000bb 86dd
        ip6  60000000 0038 3a 40
        addr fd010000000000000000000000000001 fd000000000000000000000000000062
        icmp 0300 5c36 00000000
        ip6  60000000 000a 11 01
        addr fd000000000000000000000000000062 fd010000000000000000000000000001
        udp  0083 03e8 000a 360b
        """,
        "tx",
        "answered-time-exceeded",
        "out0",
    ),
    Case(
        "router6-too-big-reply",
        """
        eth  0200000000bb 020100000062 86dd
        ip6  60000000 05b5 11 40
        addr fd000000000000000000000000000062 fd010000000000000000000000000001
        udp  0083 03e8 05b5 a0b3
        data 55*1453
        """,
        """
        eth  020100000062 0200000000bb 86dd
        ip6  60000000 04d8 3a 40
        addr fd010000000000000000000000000001 fd000000000000000000000000000062
        icmp 0200 8727 000005dc
        ip6  60000000 05b5 11 40
        addr fd000000000000000000000000000062 fd010000000000000000000000000001
        udp  0083 03e8 05b5 a0b3
        data 5555*592
        """,
        "tx",
        "answered-too-big",
        "out0",
    ),
    Case(
        "router6-fits-reply",
        """
        eth  0200000000bb 020100000062 86dd
        ip6  60000000 05b4 11 40
        addr fd000000000000000000000000000062 fd010000000000000000000000000001
        udp  0083 03e8 05b4 f5b5
        data 5555*726
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 05b4 11 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  0083 03e8 05b4 c54f
        data 5555*726
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]

SINGLES = [
    # begins no flow
    Case(
        "router-ttl-1",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 01 06 adbd 0a010001 c000020a
        tcp  03e8 0083 00000001 00000000 5002 0400 db6a 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   45c0 0044 0000 0000 40 01 65f7 0a000001 0a010001
        icmp 0b00 c126 00000000
        ip   4500 0028 0007 4000 01 06 adbd 0a010001 c000020a
        tcp  03e8 0083 00000001 00000000 5002 0400 db6a 0000
        """,
        "tx",
        "answered-time-exceeded",
    ),
    # one byte more than the MTU; the VIP says so
    Case(
        "router-too-big",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 05dd 0007 4000 40 11 68fd 0a010001 c000020a
        udp  03e8 0083 05c9 798f
        data 55*1473
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   45c0 0240 0000 0000 40 01 abf1 c000020a 0a010001
        icmp 0304 c8b1 000005dc
        ip   4500 05dd 0007 4000 40 11 68fd 0a010001 c000020a
        udp  03e8 0083 05c9 798f
        data 5555*260
        """,
        "tx",
        "answered-too-big",
    ),
    # exactly the MTU
    Case(
        "router-fits",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 05dc 0007 4000 40 11 68fe 0a010001 c000020a
        udp  03f1 0083 05c8 ce88
        data 5555*736
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 05dc 0007 4000 3f 11 21cb 0a010001 0a00003e
        udp  03f1 0083 05c8 8655
        data 5555*736
        """,
        "redirect",
        "forwarded",
    ),
    # begins no flow
    Case(
        "router6-ttl-1",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 01
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0083 00000001 00000000 5002 0400 7cab 0000
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 0044 3a 40
        addr fd000000000000000000000000000001 fd010000000000000000000000000001
        icmp 0300 9c81 00000000
        ip6  60000000 0014 06 01
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0083 00000001 00000000 5002 0400 7cab 0000
        """,
        "tx",
        "answered-time-exceeded",
    ),
    # one byte more than the MTU; the VIP says so
    Case(
        "router6-too-big",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 05b5 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0083 05b5 704d
        data 55*1453
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 04d8 3a 40
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        icmp 0200 56c1 000005dc
        ip6  60000000 05b5 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0083 05b5 704d
        data 5555*592
        """,
        "tx",
        "answered-too-big",
    ),
    # exactly the MTU
    Case(
        "router6-fits",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 05b4 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03f1 0083 05b4 c546
        data 5555*726
        """,
        """
        eth  020100000062 0200000000bb 86dd
        ip6  60000000 05b4 11 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000062
        udp  03f1 0083 05b4 f5ac
        data 5555*726
        """,
        "redirect",
        "forwarded",
    ),
]
