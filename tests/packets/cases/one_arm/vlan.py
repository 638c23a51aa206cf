# SPDX-License-Identifier: Apache-2.0
"""Mode one-arm: VLAN tags of clients and real servers."""

from __future__ import annotations

from tests.packets.cases.case import Case

PUSHED = [
    # the client is untagged, the real server in VLAN 20
    Case(
        "one-arm-vlan-pushed",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 008e 00000001 00000000 5002 0400 db5f 0000
        """,
        """
        eth  02010a000043 0200000000aa 8100
        tag  0014 0800
        ip   4500 0028 0007 4000 3f 06 074c c6336407 0a000043
        tcp  PPPP 008e 00000001 00000000 5002 0400 76d6-P 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-arm-vlan-popped-reply",
        """
        eth  0200000000aa 02010a000043 8100
        tag  a014 0800
        ip   4500 0028 0007 4000 40 06 064c 0a000043 c6336407
        tcp  008e PPPP 00000100 00000002 5012 0400 75c5-P 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 6fbd c000020a 0a010001
        tcp  008e 03e8 00000100 00000002 5012 0400 da4e 0000
        """,
        "tx",
        "forwarded-reply",
    ),
]

POPPED = [
    # the client is in VLAN 100, the real server untagged
    Case(
        "one-arm-vlan-popped",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 0800
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
        "one-arm-vlan-pushed-reply",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 001e 0007 4000 40 11 064f 0a00003f c6336407
        udp  0084 PPPP 000a ffdd-P
        data cafe
        """,
        """
        eth  020000000001 0200000000aa 8100
        tag  0064 0800
        ip   4500 001e 0007 4000 3f 11 6fbc c000020a 0a010001
        udp  0084 03e8 000a 6463
        data cafe
        """,
        "tx",
        "forwarded-reply",
    ),
]

REWRITTEN = [
    # VLAN 100 and VLAN 20; priorities are kept
    Case(
        "one-arm-vlan-rewritten",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 008e 000a 838a
        data abcd
        """,
        """
        eth  02010a000043 0200000000aa 8100
        tag  6014 0800
        ip   4500 001e 0007 4000 3f 11 074b c6336407 0a000043
        udp  PPPP 14e9 000a 0aa6-P
        data abcd
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-arm-vlan-rewritten-reply",
        """
        eth  0200000000aa 02010a000043 8100
        tag  a014 0800
        ip   4500 001e 0007 4000 40 11 064b 0a000043 c6336407
        udp  14e9 PPPP 000a eb74-P
        data cafe
        """,
        """
        eth  020000000001 0200000000aa 8100
        tag  a064 0800
        ip   4500 001e 0007 4000 3f 11 6fbc c000020a 0a010001
        udp  008e 03e8 000a 6459
        data cafe
        """,
        "tx",
        "forwarded-reply",
    ),
]

PUSHED6 = [
    # the client is untagged, the real server in VLAN 20
    Case(
        "one-arm6-vlan-pushed",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 008e 00000001 00000000 5002 0400 7ca0 0000
        """,
        """
        eth  020100000067 0200000000aa 8100
        tag  0014 86dd
        ip6  60000000 0014 06 3f
        addr 20010db8005100000000000000000007 fd000000000000000000000000000067
        tcp  PPPP 008e 00000001 00000000 5002 0400 7fdb-P 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-arm6-vlan-popped-reply",
        """
        eth  0200000000aa 020100000067 8100
        tag  a014 86dd
        ip6  60000000 0014 06 40
        addr fd000000000000000000000000000067 20010db8005100000000000000000007
        tcp  008e PPPP 00000100 00000002 5012 0400 7eca-P 0000
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 0014 06 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        tcp  008e 03e8 00000100 00000002 5012 0400 7b8f 0000
        """,
        "tx",
        "forwarded-reply",
    ),
]

POPPED6 = [
    # the client is in VLAN 100, the real server untagged
    Case(
        "one-arm6-vlan-popped",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 86dd
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
        "one-arm6-vlan-pushed-reply",
        """
        eth  0200000000aa 020100000063 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000063 20010db8005100000000000000000007
        udp  0084 PPPP 000a 08e3-P
        data cafe
        """,
        """
        eth  020000000001 0200000000aa 8100
        tag  0064 86dd
        ip6  60000000 000a 11 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  0084 03e8 000a 05a4
        data cafe
        """,
        "tx",
        "forwarded-reply",
    ),
]

REWRITTEN6 = [
    # VLAN 100 and VLAN 20; priorities are kept
    Case(
        "one-arm6-vlan-rewritten",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 008e 000a 24cb
        data abcd
        """,
        """
        eth  020100000067 0200000000aa 8100
        tag  6014 86dd
        ip6  60000000 000a 11 3f
        addr 20010db8005100000000000000000007 fd000000000000000000000000000067
        udp  PPPP 14e9 000a 13ab-P
        data abcd
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-arm6-vlan-rewritten-reply",
        """
        eth  0200000000aa 020100000067 8100
        tag  a014 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000067 20010db8005100000000000000000007
        udp  14e9 PPPP 000a f479-P
        data cafe
        """,
        """
        eth  020000000001 0200000000aa 8100
        tag  a064 86dd
        ip6  60000000 000a 11 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  008e 03e8 000a 059a
        data cafe
        """,
        "tx",
        "forwarded-reply",
    ),
]
