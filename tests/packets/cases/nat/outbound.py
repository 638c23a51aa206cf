# SPDX-License-Identifier: Apache-2.0
"""Mode nat, outbound: connections that real servers open leave with an address of the pool."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

TCP = [
    Case(
        "outbound-tcp-syn",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 0028 0007 4000 40 06 f483 0a000040 cb007105
        tcp  9c40 01bb 00000001 00000000 5002 0400 c7a0 0000
        """,
        """
        eth  020000000005 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 d586 c6336409 cb007105
        tcp  PPPP 01bb 00000001 00000000 5002 0400 43e4-P 0000
        """,
        "redirect",
        "forwarded-outbound",
        "out0",
    ),
    Case(
        "outbound-tcp-syn-ack",
        """
        eth  0200000000aa 020000000005 0800
        ip   4500 0028 0007 4000 40 06 d486 cb007105 c6336409
        tcp  01bb PPPP 00000100 00000002 5012 0400 42d3-P 0000
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 0028 0007 4000 3f 06 f583 cb007105 0a000040
        tcp  01bb 9c40 00000100 00000002 5012 0400 c68f 0000
        """,
        "redirect",
        "forwarded-reply",
    ),
    Case(
        "outbound-tcp-ack",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 0028 0007 4000 40 06 f483 0a000040 cb007105
        tcp  9c40 01bb 00000002 00000101 5010 0400 c690 0000
        """,
        """
        eth  020000000005 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 d586 c6336409 cb007105
        tcp  PPPP 01bb 00000002 00000101 5010 0400 42d4-P 0000
        """,
        "redirect",
        "forwarded-outbound",
        "out0",
    ),
    Case(
        "outbound-tcp-data",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 002f 0007 4000 40 06 f47c 0a000040 cb007105
        tcp  9c40 01bb 00000002 00000101 5018 0400 f20e 0000
        data 474554202f0d0a
        """,
        """
        eth  020000000005 0200000000aa 0800
        ip   4500 002f 0007 4000 3f 06 d57f c6336409 cb007105
        tcp  PPPP 01bb 00000002 00000101 5018 0400 6e52-P 0000
        data 474554202f0d0a
        """,
        "redirect",
        "forwarded-outbound",
        "out0",
    ),
    Case(
        "outbound-tcp-reply-data",
        """
        eth  0200000000aa 020000000005 0800
        ip   4500 0030 0007 4000 40 06 d47e cb007105 c6336409
        tcp  01bb PPPP 00000101 00000009 5018 0400 8417-P 0000
        data 323030204f4b0d0a
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 0030 0007 4000 3f 06 f57b cb007105 0a000040
        tcp  01bb 9c40 00000101 00000009 5018 0400 07d4 0000
        data 323030204f4b0d0a
        """,
        "redirect",
        "forwarded-reply",
    ),
    # about a packet of the real server, from a router
    Case(
        "outbound-tcp-error-8",
        """
        eth  0200000000aa 020000000005 0800
        ip   4500 0038 0007 4000 40 01 d477 cb007109 c6336409
        icmp 0304 f62a-P 00000514
        ip   4500 002f 0007 4000 3c 06 d87f c6336409 cb007105
        data PPPP 01bb 0000 0002
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 0038 0007 4000 3f 01 f574 cb007109 0a000040
        icmp 0304 59ea 00000514
        ip   4500 002f 0007 4000 3c 06 f87c 0a000040 cb007105
        data 9c40 01bb 0000 0002
        """,
        "redirect",
        "forwarded-reply",
    ),
    Case(
        "outbound-tcp-error-whole",
        """
        eth  0200000000aa 020000000005 0800
        ip   4500 004b 0007 4000 40 01 d464 cb007109 c6336409
        icmp 0301 6363 00000000
        ip   4500 002f 0007 4000 3c 06 d87f c6336409 cb007105
        tcp  PPPP 01bb 00000002 00000101 5018 0400 6e52-P 0000
        data 474554202f0d0a
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 004b 0007 4000 3f 01 f561 cb007109 0a000040
        icmp 0301 4366 00000000
        ip   4500 002f 0007 4000 3c 06 f87c 0a000040 cb007105
        tcp  9c40 01bb 00000002 00000101 5018 0400 f20e 0000
        data 474554202f0d0a
        """,
        "redirect",
        "forwarded-reply",
    ),
    Case(
        "outbound-tcp-fin",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 0028 0007 4000 40 06 f483 0a000040 cb007105
        tcp  9c40 01bb 00000009 00000109 5011 0400 c680 0000
        """,
        """
        eth  020000000005 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 d586 c6336409 cb007105
        tcp  PPPP 01bb 00000009 00000109 5011 0400 42c4-P 0000
        """,
        "redirect",
        "forwarded-outbound",
        "out0",
    ),
    Case(
        "outbound-tcp-reply-fin",
        """
        eth  0200000000aa 020000000005 0800
        ip   4500 0028 0007 4000 40 06 d486 cb007105 c6336409
        tcp  01bb PPPP 00000109 0000000a 5011 0400 42c3-P 0000
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 0028 0007 4000 3f 06 f583 cb007105 0a000040
        tcp  01bb 9c40 00000109 0000000a 5011 0400 c67f 0000
        """,
        "redirect",
        "forwarded-reply",
    ),
]

PASSED = [
    # begins nothing
    Case(
        "outbound-tcp-ack-without-flow",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 0028 0007 4000 40 06 f483 0a000040 cb007105
        tcp  1388 01bb 00000002 00000101 5010 0400 4f49 0000
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    # is the kernel's
    Case(
        "outbound-tcp-to-this-host",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 0028 0007 4000 40 06 f487 0a000040 cb007101
        tcp  1389 01bb 00000001 00000000 5002 0400 505c 0000
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    # to another station
    Case(
        "outbound-tcp-other-host",
        """
        eth  020000000099 02010a000040 0800
        ip   4500 0028 0007 4000 40 06 f483 0a000040 cb007105
        tcp  138a 01bb 00000001 00000000 5002 0400 5057 0000
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
]

KERNEL = [
    # the neighbour is not known yet: the kernel asks for it, and sends it
    Case(
        "outbound-tcp-kernel",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 0028 0007 4000 40 06 f43b 0a000040 cb00714d
        tcp  138b 01bb 00000001 00000000 5002 0400 500e 0000
        """,
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 0028 0007 4000 40 06 d43e c6336409 cb00714d
        tcp  PPPP 01bb 00000001 00000000 5002 0400 439c-P 0000
        """,
        "pass",
        "outbound-kernel",
        "out0",
    ),
]

UDP = [
    Case(
        "outbound-udp-query",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 001e 0007 4000 40 11 f482 0a000040 cb007105
        udp  9c40 01bb 000a 6fcb
        data abcd
        """,
        """
        eth  020000000005 0200000000aa 0800
        ip   4500 001e 0007 4000 3f 11 d585 c6336409 cb007105
        udp  PPPP 01bb 000a ec0e-P
        data abcd
        """,
        "redirect",
        "forwarded-outbound",
        "out0",
    ),
    Case(
        "outbound-udp-answer",
        """
        eth  0200000000aa 020000000005 0800
        ip   4500 001f 0007 4000 40 11 d484 cb007105 c6336409
        udp  01bb PPPP 000b cbdb-P
        data cafe01
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 001f 0007 4000 3f 11 f581 cb007105 0a000040
        udp  01bb 9c40 000b 4f98
        data cafe01
        """,
        "redirect",
        "forwarded-reply",
    ),
    Case(
        "outbound-udp-second-query",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 001d 0007 4000 40 11 f483 0a000040 cb007105
        udp  9c40 01bb 0009 709a
        data ab
        """,
        """
        eth  020000000005 0200000000aa 0800
        ip   4500 001d 0007 4000 3f 11 d586 c6336409 cb007105
        udp  PPPP 01bb 0009 ecdd-P
        data ab
        """,
        "redirect",
        "forwarded-outbound",
        "out0",
    ),
    Case(
        "outbound-udp-second-answer",
        """
        eth  0200000000aa 020000000005 0800
        ip   4500 001c 0007 4000 40 11 d487 cb007105 c6336409
        udp  01bb PPPP 0008 97e0-P
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 001c 0007 4000 3f 11 f584 cb007105 0a000040
        udp  01bb 9c40 0008 1b9d
        """,
        "redirect",
        "forwarded-reply",
    ),
]

ONE_LINK = [
    # the real server is behind in0 as well
    Case(
        "outbound-udp-one-link",
        """
        eth  0200000000aa 02010a000040 0800
        ip   4500 001e 0007 4000 40 11 f482 0a000040 cb007105
        udp  9c40 01bb 000a 6fcb
        data abcd
        """,
        """
        eth  020000000005 0200000000aa 0800
        ip   4500 001e 0007 4000 3f 11 d585 c6336409 cb007105
        udp  PPPP 01bb 000a ec0e-P
        data abcd
        """,
        "tx",
        "forwarded-outbound",
    ),
]
