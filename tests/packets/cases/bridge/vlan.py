# SPDX-License-Identifier: Apache-2.0
"""Mode bridge: VLAN tags of clients and real servers are kept."""

from __future__ import annotations

from tests.packets.cases.case import Case

KEPT = [
    # tags are kept
    Case(
        "bridge-vlan-one-tag",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0082 000a 8396
        data abcd
        """,
        """
        eth  02010a00003d 020000000001 8100
        tag  6064 0800
        ip   4500 001e 0007 4000 40 11 268a 0a010001 0a00003d
        udp  03e8 0082 000a 3b64
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge-vlan-one-tag-reply",
        """
        eth  020000000001 02010a00003d 8100
        tag  2064 0800
        ip   4500 001e 0007 4000 40 11 268a 0a00003d 0a010001
        udp  0082 03e8 000a 1c33
        data cafe
        """,
        """
        eth  020000000001 02010a00003d 8100
        tag  2064 0800
        ip   4500 001e 0007 4000 40 11 6ebc c000020a 0a010001
        udp  0082 03e8 000a 6465
        data cafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "bridge-vlan-two-tags",
        """
        eth  0200000000aa 020000000001 88a8
        tag  b00a 8100
        tag  1064 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e9 0082 000a 8395
        data abcd
        """,
        """
        eth  02010a00003d 020000000001 88a8
        tag  b00a 8100
        tag  1064 0800
        ip   4500 001e 0007 4000 40 11 268a 0a010001 0a00003d
        udp  03e9 0082 000a 3b63
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge-vlan-two-tags-reply",
        """
        eth  020000000001 02010a00003d 88a8
        tag  400a 8100
        tag  8064 0800
        ip   4500 001e 0007 4000 40 11 268a 0a00003d 0a010001
        udp  0082 03e9 000a 1c32
        data cafe
        """,
        """
        eth  020000000001 02010a00003d 88a8
        tag  400a 8100
        tag  8064 0800
        ip   4500 001e 0007 4000 40 11 6ebc c000020a 0a010001
        udp  0082 03e9 000a 6464
        data cafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]

KEPT6 = [
    # tags are kept
    Case(
        "bridge6-vlan-one-tag",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0082 000a 24d7
        data abcd
        """,
        """
        eth  020100000061 020000000001 8100
        tag  6064 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 fd000000000000000000000000000061
        udp  03e8 0082 000a 553e
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge6-vlan-one-tag-reply",
        """
        eth  020000000001 020100000061 8100
        tag  2064 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000061 fd010000000000000000000000000001
        udp  0082 03e8 000a 360d
        data cafe
        """,
        """
        eth  020000000001 020100000061 8100
        tag  2064 86dd
        ip6  60000000 000a 11 40
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  0082 03e8 000a 05a6
        data cafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "bridge6-vlan-two-tags",
        """
        eth  0200000000aa 020000000001 88a8
        tag  b00a 8100
        tag  1064 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e9 0082 000a 24d6
        data abcd
        """,
        """
        eth  020100000061 020000000001 88a8
        tag  b00a 8100
        tag  1064 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 fd000000000000000000000000000061
        udp  03e9 0082 000a 553d
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge6-vlan-two-tags-reply",
        """
        eth  020000000001 020100000061 88a8
        tag  400a 8100
        tag  8064 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000061 fd010000000000000000000000000001
        udp  0082 03e9 000a 360c
        data cafe
        """,
        """
        eth  020000000001 020100000061 88a8
        tag  400a 8100
        tag  8064 86dd
        ip6  60000000 000a 11 40
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  0082 03e9 000a 05a5
        data cafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]
