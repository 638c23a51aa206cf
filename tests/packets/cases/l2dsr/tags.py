# SPDX-License-Identifier: Apache-2.0
"""VLAN tags: one or two are kept, a frame with three is left to the kernel."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

SINGLES = [
    # priority 3, VLAN 100
    Case(
        "one-tag",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        """
        eth  02010a00000b 0200000000aa 8100
        tag  6064 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        "tx",
        "forwarded",
    ),
    # VLAN 0
    Case(
        "priority-tag",
        """
        eth  0200000000aa 020000000001 8100
        tag  e000 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        """
        eth  02010a00000b 0200000000aa 8100
        tag  e000 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "service-tag-alone",
        """
        eth  0200000000aa 020000000001 88a8
        tag  0007 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        """
        eth  02010a00000b 0200000000aa 88a8
        tag  0007 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        "tx",
        "forwarded",
    ),
    # 802.1ad outside, 802.1Q inside, both with the drop eligible bit
    Case(
        "qinq",
        """
        eth  0200000000aa 020000000001 88a8
        tag  b00a 8100
        tag  1064 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        """
        eth  02010a00000b 0200000000aa 88a8
        tag  b00a 8100
        tag  1064 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "two-customer-tags",
        """
        eth  0200000000aa 020000000001 8100
        tag  000a 8100
        tag  0fff 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0035 000a 83e3
        data abcd
        """,
        """
        eth  02010a00000c 0200000000aa 8100
        tag  000a 8100
        tag  0fff 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0035 000a 83e3
        data abcd
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-tag-ipv6",
        """
        eth  0200000000aa 020000000001 8100
        tag  0064 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0050 00000001 00000000 5002 0400 7cde 0000
        """,
        """
        eth  020100000011 0200000000aa 8100
        tag  0064 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0050 00000001 00000000 5002 0400 7cde 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "qinq-ipv6",
        """
        eth  0200000000aa 020000000001 88a8
        tag  200a 8100
        tag  0064 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0035 000a 2524
        data abcd
        """,
        """
        eth  020100000012 0200000000aa 88a8
        tag  200a 8100
        tag  0064 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0035 000a 2524
        data abcd
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-tag-padded",
        """
        eth  0200000000aa 020000000001 8100
        tag  0064 0800
        ip   4500 001c 0007 4000 40 11 6ebe 0a010001 c000020a
        udp  03e8 0035 0008 2fb5
        pad  a5a5a5a5a5a5a5a5a5a5a5a5a5a5
        """,
        """
        eth  02010a00000c 0200000000aa 8100
        tag  0064 0800
        ip   4500 001c 0007 4000 40 11 6ebe 0a010001 c000020a
        udp  03e8 0035 0008 2fb5
        pad  a5a5a5a5a5a5a5a5a5a5a5a5a5a5
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "qinq-options",
        """
        eth  0200000000aa 020000000001 88a8
        tag  000a 8100
        tag  0064 0800
        ip   4600 002c 0007 4000 40 06 6bb8 0a010001 c000020a
        opt  01010100
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        """
        eth  02010a00000b 0200000000aa 88a8
        tag  000a 8100
        tag  0064 0800
        ip   4600 002c 0007 4000 40 06 6bb8 0a010001 c000020a
        opt  01010100
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-tag-redirect",
        """
        eth  0200000000aa 020000000001 8100
        tag  0064 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0051 00000001 00000000 5002 0400 db9c 0000
        """,
        """
        eth  02010a00000d 0200000000bb 8100
        tag  0064 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0051 00000001 00000000 5002 0400 db9c 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "three-tags",
        """
        eth  0200000000aa 020000000001 88a8
        tag  000a 8100
        tag  0064 8100
        tag  0065 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "tag-cut-short",
        """
        eth  0200000000aa 020000000001 8100
        tag  0064
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "second-tag-cut-short",
        """
        eth  0200000000aa 020000000001 88a8
        tag  000a 8100
        tag  0064
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "tag-then-nothing",
        """
        eth  0200000000aa 020000000001 8100
        tag  0064 0800
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
]
