# SPDX-License-Identifier: Apache-2.0
"""ICMP errors with eight bytes of a flow's reply go where the flow goes: l2dsr and dscp."""

from __future__ import annotations

from tests.packets.cases.case import Case

L2DSR = [
    Case(
        "error-l2dsr-tcp-flow",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "error-l2dsr-tcp-unreachable",
        """
        eth  0200000000aa 020000000001 0800
        ip   4502 0038 0007 4000 40 01 6db3 0a0100fe c000020a
        icmp 0301 f8c5 00000000
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 005003e800000001
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4502 0038 0007 4000 40 01 6db3 0a0100fe c000020a
        icmp 0301 f8c5 00000000
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 005003e800000001
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "error-l2dsr-tcp-fragmentation-needed",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0304 f3ae 00000514
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 005003e800000001
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0304 f3ae 00000514
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 005003e800000001
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "error-l2dsr-tcp-time-exceeded",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0b00 f0c6 00000000
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 005003e800000001
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0b00 f0c6 00000000
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 005003e800000001
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "error-l2dsr-tcp-parameter-problem",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0c00 dbc6 14000000
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 005003e800000001
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0c00 dbc6 14000000
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 005003e800000001
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "error-l2dsr-udp-flow",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0035 000a 83e3
        data abcd
        """,
        """
        eth  02010a00000c 0200000000aa 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0035 000a 83e3
        data abcd
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "error-l2dsr-udp-fragmentation-needed",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0304 f3c0 00000514
        ip   4500 0028 0007 4000 40 11 6eb2 c000020a 0a010001
        data 003503e8000a0000
        """,
        """
        eth  02010a00000c 0200000000aa 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0304 f3c0 00000514
        ip   4500 0028 0007 4000 40 11 6eb2 c000020a 0a010001
        data 003503e8000a0000
        """,
        "tx",
        "forwarded",
    ),
]

DSCP = [
    Case(
        "error-dscp-tcp-flow",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0064 00000001 00000000 5002 0400 db89 0000
        """,
        """
        eth  02010a00001f 0200000000aa 0800
        ip   4530 0028 0007 4000 3f 06 2779 0a010001 0a00001f
        tcp  03e8 0064 00000001 00000000 5002 0400 9375 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "error-dscp-tcp-unreachable",
        """
        eth  0200000000aa 020000000001 0800
        ip   4502 0038 0007 4000 40 01 6db3 0a0100fe c000020a
        icmp 0301 f8b1 00000000
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 006403e800000001
        """,
        """
        eth  02010a00001f 0200000000aa 0800
        ip   4532 0038 0007 4000 3f 01 266f 0a0100fe 0a00001f
        icmp 0301 f8b1 00000000
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 006403e800000001
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "error-dscp-tcp-fragmentation-needed",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0304 f39a 00000514
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 006403e800000001
        """,
        """
        eth  02010a00001f 0200000000aa 0800
        ip   4530 0038 0007 4000 3f 01 2671 0a0100fe 0a00001f
        icmp 0304 f39a 00000514
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 006403e800000001
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "error-dscp-tcp-time-exceeded",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0b00 f0b2 00000000
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 006403e800000001
        """,
        """
        eth  02010a00001f 0200000000aa 0800
        ip   4530 0038 0007 4000 3f 01 2671 0a0100fe 0a00001f
        icmp 0b00 f0b2 00000000
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 006403e800000001
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "error-dscp-tcp-parameter-problem",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0c00 dbb2 14000000
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 006403e800000001
        """,
        """
        eth  02010a00001f 0200000000aa 0800
        ip   4530 0038 0007 4000 3f 01 2671 0a0100fe 0a00001f
        icmp 0c00 dbb2 14000000
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 006403e800000001
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "error-dscp-udp-flow",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0064 000a 83b4
        data abcd
        """,
        """
        eth  02010a00001f 0200000000aa 0800
        ip   4530 001e 0007 4000 3f 11 2778 0a010001 0a00001f
        udp  03e8 0064 000a 3ba0
        data abcd
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "error-dscp-udp-fragmentation-needed",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0304 f391 00000514
        ip   4500 0028 0007 4000 40 11 6eb2 c000020a 0a010001
        data 006403e8000a0000
        """,
        """
        eth  02010a00001f 0200000000aa 0800
        ip   4530 0038 0007 4000 3f 01 2671 0a0100fe 0a00001f
        icmp 0304 f391 00000514
        ip   4500 0028 0007 4000 40 11 6eb2 c000020a 0a010001
        data 006403e8000a0000
        """,
        "tx",
        "forwarded",
    ),
]
