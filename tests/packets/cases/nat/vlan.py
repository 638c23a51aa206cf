# SPDX-License-Identifier: Apache-2.0
"""Mode nat: VLAN tags of clients and real servers."""

from __future__ import annotations

from tests.packets.cases.case import Case

PUSHED = [
    # the client is untagged, the real server in VLAN 20
    Case(
        "nat-vlan-pushed",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 008f 00000001 00000000 5002 0400 db5e 0000
        """,
        """
        eth  02010a000044 0200000000aa 8100
        tag  0014 0800
        ip   4500 0028 0007 4000 3f 06 2784 0a010001 0a000044
        tcp  03e8 008f 00000001 00000000 5002 0400 9325 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "nat-vlan-popped-reply",
        """
        eth  0200000000aa 02010a000044 8100
        tag  a014 0800
        ip   4500 0028 0007 4000 40 06 2684 0a000044 0a010001
        tcp  008f 03e8 00000100 00000002 5012 0400 9214 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 6fbd c000020a 0a010001
        tcp  008f 03e8 00000100 00000002 5012 0400 da4d 0000
        """,
        "tx",
        "forwarded-reply",
    ),
]

POPPED = [
    # the client is in VLAN 100, the real server untagged
    Case(
        "nat-vlan-popped",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0085 000a 8393
        data abcd
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 001e 0007 4000 3f 11 2787 0a010001 0a000040
        udp  03e8 0085 000a 3b5e
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "nat-vlan-pushed-reply",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 001e 0007 4000 40 11 2687 0a000040 0a010001
        udp  0085 03e8 000a 1c2d
        data cafe
        """,
        """
        eth  020000000001 0200000000aa 8100
        tag  0064 0800
        ip   4500 001e 0007 4000 3f 11 6fbc c000020a 0a010001
        udp  0085 03e8 000a 6462
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
        "nat-vlan-rewritten",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 008f 000a 8389
        data abcd
        """,
        """
        eth  02010a000044 0200000000aa 8100
        tag  6014 0800
        ip   4500 001e 0007 4000 3f 11 2783 0a010001 0a000044
        udp  03e8 14e9 000a 26f6
        data abcd
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "nat-vlan-rewritten-reply",
        """
        eth  0200000000aa 02010a000044 8100
        tag  a014 0800
        ip   4500 001e 0007 4000 40 11 2683 0a000044 0a010001
        udp  14e9 03e8 000a 07c5
        data cafe
        """,
        """
        eth  020000000001 0200000000aa 8100
        tag  a064 0800
        ip   4500 001e 0007 4000 3f 11 6fbc c000020a 0a010001
        udp  008f 03e8 000a 6458
        data cafe
        """,
        "tx",
        "forwarded-reply",
    ),
]

PUSHED6 = [
    # the client is untagged, the real server in VLAN 20
    Case(
        "nat6-vlan-pushed",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 008f 00000001 00000000 5002 0400 7c9f 0000
        """,
        """
        eth  020100000068 0200000000aa 8100
        tag  0014 86dd
        ip6  60000000 0014 06 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000068
        tcp  03e8 008f 00000001 00000000 5002 0400 acff 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "nat6-vlan-popped-reply",
        """
        eth  0200000000aa 020100000068 8100
        tag  a014 86dd
        ip6  60000000 0014 06 40
        addr fd000000000000000000000000000068 fd010000000000000000000000000001
        tcp  008f 03e8 00000100 00000002 5012 0400 abee 0000
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 0014 06 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        tcp  008f 03e8 00000100 00000002 5012 0400 7b8e 0000
        """,
        "tx",
        "forwarded-reply",
    ),
]

POPPED6 = [
    # the client is in VLAN 100, the real server untagged
    Case(
        "nat6-vlan-popped",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0085 000a 24d4
        data abcd
        """,
        """
        eth  020100000064 0200000000bb 86dd
        ip6  60000000 000a 11 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000064
        udp  03e8 0085 000a 5538
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "nat6-vlan-pushed-reply",
        """
        eth  0200000000bb 020100000064 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000064 fd010000000000000000000000000001
        udp  0085 03e8 000a 3607
        data cafe
        """,
        """
        eth  020000000001 0200000000aa 8100
        tag  0064 86dd
        ip6  60000000 000a 11 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  0085 03e8 000a 05a3
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
        "nat6-vlan-rewritten",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 008f 000a 24ca
        data abcd
        """,
        """
        eth  020100000068 0200000000aa 8100
        tag  6014 86dd
        ip6  60000000 000a 11 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000068
        udp  03e8 14e9 000a 40d0
        data abcd
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "nat6-vlan-rewritten-reply",
        """
        eth  0200000000aa 020100000068 8100
        tag  a014 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000068 fd010000000000000000000000000001
        udp  14e9 03e8 000a 219f
        data cafe
        """,
        """
        eth  020000000001 0200000000aa 8100
        tag  a064 86dd
        ip6  60000000 000a 11 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  008f 03e8 000a 0599
        data cafe
        """,
        "tx",
        "forwarded-reply",
    ),
]
