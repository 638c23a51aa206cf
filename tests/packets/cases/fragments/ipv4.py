# SPDX-License-Identifier: Apache-2.0
"""Fragments of IPv4 datagrams of 64 bytes go where the first one, with the ports, went."""

from __future__ import annotations

from tests.packets.cases.case import Case

L2DSR = [
    Case(
        "fragments-l2dsr-first",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0007 2000 40 11 8eae 0a010001 c000020a
        udp  03e8 0035 0040 64c6
        data abcd*8
        """,
        """
        eth  02010a00000c 0200000000aa 0800
        ip   4500 002c 0007 2000 40 11 8eae 0a010001 c000020a
        udp  03e8 0035 0040 64c6
        data abcd*8
        """,
        "tx",
        "forwarded",
    ),
    # overtakes the middle one
    Case(
        "fragments-l2dsr-last",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0007 0006 40 11 aeb0 0a010001 c000020a
        data abcd*8
        """,
        """
        eth  02010a00000c 0200000000aa 0800
        ip   4500 0024 0007 0006 40 11 aeb0 0a010001 c000020a
        data abcd*8
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "fragments-l2dsr-middle",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0007 2003 40 11 8eab 0a010001 c000020a
        data abcd*12
        """,
        """
        eth  02010a00000c 0200000000aa 0800
        ip   4500 002c 0007 2003 40 11 8eab 0a010001 c000020a
        data abcd*12
        """,
        "tx",
        "forwarded",
    ),
]

DSCP = [
    Case(
        "fragments-dscp-first",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0007 2000 40 11 8eae 0a010001 c000020a
        udp  03e8 0064 0040 6497
        data abcd*8
        """,
        """
        eth  02010a00001f 0200000000aa 0800
        ip   4530 002c 0007 2000 3f 11 476a 0a010001 0a00001f
        udp  03e8 0064 0040 1c83
        data abcd*8
        """,
        "tx",
        "forwarded",
    ),
    # overtakes the middle one
    Case(
        "fragments-dscp-last",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0007 0006 40 11 aeb0 0a010001 c000020a
        data abcd*8
        """,
        """
        eth  02010a00001f 0200000000aa 0800
        ip   4530 0024 0007 0006 3f 11 676c 0a010001 0a00001f
        data abcd*8
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "fragments-dscp-middle",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0007 2003 40 11 8eab 0a010001 c000020a
        data abcd*12
        """,
        """
        eth  02010a00001f 0200000000aa 0800
        ip   4530 002c 0007 2003 3f 11 4767 0a010001 0a00001f
        data abcd*12
        """,
        "tx",
        "forwarded",
    ),
]

IPIP = [
    Case(
        "fragments-4in4-first",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0007 2000 40 11 8eae 0a010001 c000020a
        udp  03e8 0065 0040 6496
        data abcd*8
        """,
        """
        eth  02010a000020 0200000000aa 0800
        oip  4500 0040 0000 4000 40 04 0666 c6336401 0a000020
        ip   4500 002c 0007 2000 3f 11 8fae 0a010001 c000020a
        udp  03e8 0065 0040 6496
        data abcd*8
        """,
        "tx",
        "forwarded",
    ),
    # overtakes the middle one
    Case(
        "fragments-4in4-last",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0007 0006 40 11 aeb0 0a010001 c000020a
        data abcd*8
        """,
        """
        eth  02010a000020 0200000000aa 0800
        oip  4500 0038 0000 4000 40 04 066e c6336401 0a000020
        ip   4500 0024 0007 0006 3f 11 afb0 0a010001 c000020a
        data abcd*8
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "fragments-4in4-middle",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0007 2003 40 11 8eab 0a010001 c000020a
        data abcd*12
        """,
        """
        eth  02010a000020 0200000000aa 0800
        oip  4500 0040 0000 4000 40 04 0666 c6336401 0a000020
        ip   4500 002c 0007 2003 3f 11 8fab 0a010001 c000020a
        data abcd*12
        """,
        "tx",
        "forwarded",
    ),
]

GUE = [
    Case(
        "fragments-gue-4in4-first",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0007 2000 40 11 8eae 0a010001 c000020a
        udp  03e8 0066 0040 6495
        data abcd*8
        """,
        """
        eth  02010a000021 0200000000aa 0800
        oip  4500 0048 0000 4000 40 11 0650 c6336401 0a000021
        oudp S??? 17c0 0034 0000
        ip   4500 002c 0007 2000 3f 11 8fae 0a010001 c000020a
        udp  03e8 0066 0040 6495
        data abcd*8
        """,
        "tx",
        "forwarded",
    ),
    # overtakes the middle one
    Case(
        "fragments-gue-4in4-last",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0007 0006 40 11 aeb0 0a010001 c000020a
        data abcd*8
        """,
        """
        eth  02010a000021 0200000000aa 0800
        oip  4500 0040 0000 4000 40 11 0658 c6336401 0a000021
        oudp S??? 17c0 002c 0000
        ip   4500 0024 0007 0006 3f 11 afb0 0a010001 c000020a
        data abcd*8
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "fragments-gue-4in4-middle",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0007 2003 40 11 8eab 0a010001 c000020a
        data abcd*12
        """,
        """
        eth  02010a000021 0200000000aa 0800
        oip  4500 0048 0000 4000 40 11 0650 c6336401 0a000021
        oudp S??? 17c0 0034 0000
        ip   4500 002c 0007 2003 3f 11 8fab 0a010001 c000020a
        data abcd*12
        """,
        "tx",
        "forwarded",
    ),
]
