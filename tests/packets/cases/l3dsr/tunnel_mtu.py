# SPDX-License-Identifier: Apache-2.0
"""What a router says of a tunnel's MTU holds for packets into it: ICMP."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

CONVERSATION = [
    # 1480 bytes and 20 in front
    Case(
        "tunnel-mtu-before",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 05c8 0007 4000 40 11 6912 0a010001 c000020a
        udp  03e8 0065 05b4 242d
        data 55*1452
        """,
        """
        eth  02010a000020 0200000000aa 0800
        oip  4500 05dc 0000 4000 40 04 00ca c6336401 0a000020
        ip   4500 05c8 0007 4000 3f 11 6a12 0a010001 c000020a
        udp  03e8 0065 05b4 242d
        data 55*1452
        """,
        "tx",
        "forwarded",
    ),
    # older routers tell none; nothing is made of it
    Case(
        "tunnel-mtu-of-0",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 058c 0a0000fe c6336401
        icmp 0304 722c 00000000
        ip   4500 05dc 0000 4000 40 04 00ca c6336401 0a000020
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "tunnel-error",
    ),
    Case(
        "tunnel-mtu-after-0",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 05c8 0007 4000 40 11 6912 0a010001 c000020a
        udp  03e8 0065 05b4 242d
        data 55*1452
        """,
        """
        eth  02010a000020 0200000000aa 0800
        oip  4500 05dc 0000 4000 40 04 00ca c6336401 0a000020
        ip   4500 05c8 0007 4000 3f 11 6a12 0a010001 c000020a
        udp  03e8 0065 05b4 242d
        data 55*1452
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "tunnel-mtu-of-1000",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 058c 0a0000fe c6336401
        icmp 0304 6e44 000003e8
        ip   4500 05dc 0000 4000 40 04 00ca c6336401 0a000020
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "tunnel-error",
    ),
    Case(
        "tunnel-mtu-1000-exceeded",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 03d5 0007 4000 40 11 6b05 0a010001 c000020a
        udp  03e8 0065 03c1 2868
        data 55*953
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   45c0 0240 0000 0000 40 01 abf1 c000020a 0a010001
        icmp 0304 1e07 000003d4
        ip   4500 03d5 0007 4000 40 11 6b05 0a010001 c000020a
        udp  03e8 0065 03c1 2868
        data 55*520
        """,
        "tx",
        "answered-too-big",
    ),
    Case(
        "tunnel-mtu-1000-equal",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 03d4 0007 4000 40 11 6b06 0a010001 c000020a
        udp  03e8 0065 03c0 7d6a
        data 55*952
        """,
        """
        eth  02010a000020 0200000000aa 0800
        oip  4500 03e8 0000 4000 40 04 02be c6336401 0a000020
        ip   4500 03d4 0007 4000 3f 11 6c06 0a010001 c000020a
        udp  03e8 0065 03c0 7d6a
        data 55*952
        """,
        "tx",
        "forwarded",
    ),
    # other real servers have their own
    Case(
        "tunnel-mtu-of-another",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 05c0 0007 4000 40 11 691a 0a010001 c000020a
        udp  03e8 0066 05ac 7991
        data 55*1444
        """,
        """
        eth  02010a000021 0200000000aa 0800
        oip  4500 05dc 0000 4000 40 11 00bc c6336401 0a000021
        oudp S??? 17c0 05c8 0000
        ip   4500 05c0 0007 4000 3f 11 6a1a 0a010001 c000020a
        udp  03e8 0066 05ac 7991
        data 55*1444
        """,
        "tx",
        "forwarded",
    ),
    # larger than what is known: that was not the narrowest link
    Case(
        "tunnel-mtu-of-1400",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 058c 0a0000fe c6336401
        icmp 0304 6cb4 00000578
        ip   4500 05dc 0000 4000 40 04 00ca c6336401 0a000020
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "tunnel-error",
    ),
    Case(
        "tunnel-mtu-1400-exceeded",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 03d5 0007 4000 40 11 6b05 0a010001 c000020a
        udp  03e8 0065 03c1 2868
        data 55*953
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   45c0 0240 0000 0000 40 01 abf1 c000020a 0a010001
        icmp 0304 1e07 000003d4
        ip   4500 03d5 0007 4000 40 11 6b05 0a010001 c000020a
        udp  03e8 0065 03c1 2868
        data 55*520
        """,
        "tx",
        "answered-too-big",
    ),
    # of a packet of 900 bytes: it would have fitted
    Case(
        "tunnel-mtu-of-900-short",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 058c 0a0000fe c6336401
        icmp 0304 6ea8 00000384
        ip   4500 0384 0000 4000 40 04 0322 c6336401 0a000020
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "tunnel-error",
    ),
    Case(
        "tunnel-mtu-1000-equal-still",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 03d4 0007 4000 40 11 6b06 0a010001 c000020a
        udp  03e8 0065 03c0 7d6a
        data 55*952
        """,
        """
        eth  02010a000020 0200000000aa 0800
        oip  4500 03e8 0000 4000 40 04 02be c6336401 0a000020
        ip   4500 03d4 0007 4000 3f 11 6c06 0a010001 c000020a
        udp  03e8 0065 03c0 7d6a
        data 55*952
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "tunnel-mtu-of-900-long",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 058c 0a0000fe c6336401
        icmp 0304 6ea8 00000384
        ip   4500 0385 0000 4000 40 04 0321 c6336401 0a000020
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "tunnel-error",
    ),
    Case(
        "tunnel-mtu-900-exceeded",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0371 0007 4000 40 11 6b69 0a010001 c000020a
        udp  03e8 0065 035d d3da
        data 55*853
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   45c0 0240 0000 0000 40 01 abf1 c000020a 0a010001
        icmp 0304 735c 00000370
        ip   4500 0371 0007 4000 40 11 6b69 0a010001 c000020a
        udp  03e8 0065 035d d3da
        data 55*520
        """,
        "tx",
        "answered-too-big",
    ),
    # less than 576 is not believed
    Case(
        "tunnel-mtu-of-100",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 058c 0a0000fe c6336401
        icmp 0304 71c8 00000064
        ip   4500 05dc 0000 4000 40 04 00ca c6336401 0a000020
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "tunnel-error",
    ),
    Case(
        "tunnel-mtu-100-exceeded",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 022d 0007 4000 40 11 6cad 0a010001 c000020a
        udp  03e8 0065 0219 d662
        data 55*529
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   45c0 0240 0000 0000 40 01 abf1 c000020a 0a010001
        icmp 0304 735c 0000022c
        ip   4500 022d 0007 4000 40 11 6cad 0a010001 c000020a
        udp  03e8 0065 0219 d662
        data 55*520
        """,
        "tx",
        "answered-too-big",
    ),
    Case(
        "tunnel-mtu-100-equal",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 022c 0007 4000 40 11 6cae 0a010001 c000020a
        udp  03e8 0065 0218 2b65
        data 55*528
        """,
        """
        eth  02010a000020 0200000000aa 0800
        oip  4500 0240 0000 4000 40 04 0466 c6336401 0a000020
        ip   4500 022c 0007 4000 3f 11 6dae 0a010001 c000020a
        udp  03e8 0065 0218 2b65
        data 55*528
        """,
        "tx",
        "forwarded",
    ),
    # 1320, of a tunnel for IPv6
    Case(
        "tunnel-mtu-6in4",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 058c 0a0000fe c6336401
        icmp 0304 8bf3 00000528
        ip   4500 05dc 0000 4000 40 29 00a3 c6336401 0a000022
        data 6000000005a00640
        """,
        UNTOUCHED,
        "pass",
        "tunnel-error",
    ),
    Case(
        "tunnel-mtu-6in4-exceeded",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 04ed 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0067 04ed c74e
        data 55*1253
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 04d8 3a 40
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        icmp 0200 0234 00000514
        ip6  60000000 04ed 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0067 04ed c74e
        data 55*1184
        """,
        "tx",
        "answered-too-big",
    ),
    Case(
        "tunnel-mtu-6in4-equal",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 04ec 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0067 04ec 1c51
        data 55*1252
        """,
        """
        eth  02010a000022 0200000000aa 0800
        oip  4500 0528 0000 4000 40 29 0157 c6336401 0a000022
        ip6  60000000 04ec 11 3f
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0067 04ec 1c51
        data 55*1252
        """,
        "tx",
        "forwarded",
    ),
]
