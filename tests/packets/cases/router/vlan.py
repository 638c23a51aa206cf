# SPDX-License-Identifier: Apache-2.0
"""Mode router: VLAN tags of clients and real servers."""

from __future__ import annotations

from tests.packets.cases.case import Case

PUSHED = [
    # the client is untagged, the real server in VLAN 20
    Case(
        "router-vlan-pushed",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 008d 00000001 00000000 5002 0400 db60 0000
        """,
        """
        eth  02010a000042 0200000000aa 8100
        tag  0014 0800
        ip   4500 0028 0007 4000 3f 06 2786 0a010001 0a000042
        tcp  03e8 008d 00000001 00000000 5002 0400 9329 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "router-vlan-popped-reply",
        """
        eth  0200000000aa 02010a000042 8100
        tag  a014 0800
        ip   4500 0028 0007 4000 40 06 2686 0a000042 0a010001
        tcp  008d 03e8 00000100 00000002 5012 0400 9218 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 6fbd c000020a 0a010001
        tcp  008d 03e8 00000100 00000002 5012 0400 da4f 0000
        """,
        "tx",
        "forwarded-reply",
    ),
]

POPPED = [
    # the client is in VLAN 100, the real server untagged
    Case(
        "router-vlan-popped",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 0800
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
        "router-vlan-pushed-reply",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 001e 0007 4000 40 11 2689 0a00003e 0a010001
        udp  0083 03e8 000a 1c31
        data cafe
        """,
        """
        eth  020000000001 0200000000aa 8100
        tag  0064 0800
        ip   4500 001e 0007 4000 3f 11 6fbc c000020a 0a010001
        udp  0083 03e8 000a 6464
        data cafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]

REWRITTEN = [
    # VLAN 100 and VLAN 20; priorities are kept
    Case(
        "router-vlan-rewritten",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 008d 000a 838b
        data abcd
        """,
        """
        eth  02010a000042 0200000000aa 8100
        tag  6014 0800
        ip   4500 001e 0007 4000 3f 11 2785 0a010001 0a000042
        udp  03e8 14e9 000a 26f8
        data abcd
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "router-vlan-rewritten-reply",
        """
        eth  0200000000aa 02010a000042 8100
        tag  a014 0800
        ip   4500 001e 0007 4000 40 11 2685 0a000042 0a010001
        udp  14e9 03e8 000a 07c7
        data cafe
        """,
        """
        eth  020000000001 0200000000aa 8100
        tag  a064 0800
        ip   4500 001e 0007 4000 3f 11 6fbc c000020a 0a010001
        udp  008d 03e8 000a 645a
        data cafe
        """,
        "tx",
        "forwarded-reply",
    ),
]

PUSHED6 = [
    # the client is untagged, the real server in VLAN 20
    Case(
        "router6-vlan-pushed",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 008d 00000001 00000000 5002 0400 7ca1 0000
        """,
        """
        eth  020100000066 0200000000aa 8100
        tag  0014 86dd
        ip6  60000000 0014 06 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000066
        tcp  03e8 008d 00000001 00000000 5002 0400 ad03 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "router6-vlan-popped-reply",
        """
        eth  0200000000aa 020100000066 8100
        tag  a014 86dd
        ip6  60000000 0014 06 40
        addr fd000000000000000000000000000066 fd010000000000000000000000000001
        tcp  008d 03e8 00000100 00000002 5012 0400 abf2 0000
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 0014 06 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        tcp  008d 03e8 00000100 00000002 5012 0400 7b90 0000
        """,
        "tx",
        "forwarded-reply",
    ),
]

POPPED6 = [
    # the client is in VLAN 100, the real server untagged
    Case(
        "router6-vlan-popped",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 86dd
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
    Case(
        "router6-vlan-pushed-reply",
        """
        eth  0200000000bb 020100000062 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000062 fd010000000000000000000000000001
        udp  0083 03e8 000a 360b
        data cafe
        """,
        """
        eth  020000000001 0200000000aa 8100
        tag  0064 86dd
        ip6  60000000 000a 11 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  0083 03e8 000a 05a5
        data cafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]

REWRITTEN6 = [
    # VLAN 100 and VLAN 20; priorities are kept
    Case(
        "router6-vlan-rewritten",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 008d 000a 24cc
        data abcd
        """,
        """
        eth  020100000066 0200000000aa 8100
        tag  6014 86dd
        ip6  60000000 000a 11 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000066
        udp  03e8 14e9 000a 40d2
        data abcd
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "router6-vlan-rewritten-reply",
        """
        eth  0200000000aa 020100000066 8100
        tag  a014 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000066 fd010000000000000000000000000001
        udp  14e9 03e8 000a 21a1
        data cafe
        """,
        """
        eth  020000000001 0200000000aa 8100
        tag  a064 86dd
        ip6  60000000 000a 11 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  008d 03e8 000a 059b
        data cafe
        """,
        "tx",
        "forwarded-reply",
    ),
]
