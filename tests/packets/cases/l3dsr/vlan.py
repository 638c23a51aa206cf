# SPDX-License-Identifier: Apache-2.0
"""VLAN tags where the balancer routes: those of the next hop, whatever came in."""

from __future__ import annotations

from tests.packets.cases.case import Case

SINGLES = [
    # popped
    Case(
        "vlan-dscp-one-tag-untagged",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 0800
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
    # both popped
    Case(
        "vlan-dscp-two-tags-untagged",
        """
        eth  0200000000aa 020000000001 88a8
        tag  b00a 8100
        tag  1064 0800
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
    # pushed
    Case(
        "vlan-dscp-untagged-tagged",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 006e 00000001 00000000 5002 0400 db7f 0000
        """,
        """
        eth  02010a000029 0200000000aa 8100
        tag  0014 0800
        ip   4530 0028 0007 4000 3f 06 276f 0a010001 0a000029
        tcp  03e8 006e 00000001 00000000 5002 0400 9361 0000
        """,
        "tx",
        "forwarded",
    ),
    # rewritten; priority 3 is kept
    Case(
        "vlan-dscp-one-tag-tagged",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 006e 00000001 00000000 5002 0400 db7f 0000
        """,
        """
        eth  02010a000029 0200000000aa 8100
        tag  6014 0800
        ip   4530 0028 0007 4000 3f 06 276f 0a010001 0a000029
        tcp  03e8 006e 00000001 00000000 5002 0400 9361 0000
        """,
        "tx",
        "forwarded",
    ),
    # one for both; priority 5 and DEI of the outer one are kept
    Case(
        "vlan-dscp-two-tags-tagged",
        """
        eth  0200000000aa 020000000001 88a8
        tag  b00a 8100
        tag  1064 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 006e 00000001 00000000 5002 0400 db7f 0000
        """,
        """
        eth  02010a000029 0200000000aa 8100
        tag  b014 0800
        ip   4530 0028 0007 4000 3f 06 276f 0a010001 0a000029
        tcp  03e8 006e 00000001 00000000 5002 0400 9361 0000
        """,
        "tx",
        "forwarded",
    ),
    # popped
    Case(
        "vlan-ipip-one-tag-untagged",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0065 00000001 00000000 5002 0400 db88 0000
        """,
        """
        eth  02010a000020 0200000000aa 0800
        oip  4500 003c 0000 4000 40 04 066a c6336401 0a000020
        ip   4500 0028 0007 4000 3f 06 6fbd 0a010001 c000020a
        tcp  03e8 0065 00000001 00000000 5002 0400 db88 0000
        """,
        "tx",
        "forwarded",
    ),
    # both popped
    Case(
        "vlan-ipip-two-tags-untagged",
        """
        eth  0200000000aa 020000000001 88a8
        tag  b00a 8100
        tag  1064 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0065 00000001 00000000 5002 0400 db88 0000
        """,
        """
        eth  02010a000020 0200000000aa 0800
        oip  4500 003c 0000 4000 40 04 066a c6336401 0a000020
        ip   4500 0028 0007 4000 3f 06 6fbd 0a010001 c000020a
        tcp  03e8 0065 00000001 00000000 5002 0400 db88 0000
        """,
        "tx",
        "forwarded",
    ),
    # pushed
    Case(
        "vlan-ipip-untagged-tagged",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 006f 00000001 00000000 5002 0400 db7e 0000
        """,
        """
        eth  02010a00002a 0200000000aa 8100
        tag  0014 0800
        oip  4500 003c 0000 4000 40 04 0660 c6336401 0a00002a
        ip   4500 0028 0007 4000 3f 06 6fbd 0a010001 c000020a
        tcp  03e8 006f 00000001 00000000 5002 0400 db7e 0000
        """,
        "tx",
        "forwarded",
    ),
    # rewritten; priority 3 is kept
    Case(
        "vlan-ipip-one-tag-tagged",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 006f 00000001 00000000 5002 0400 db7e 0000
        """,
        """
        eth  02010a00002a 0200000000aa 8100
        tag  6014 0800
        oip  4500 003c 0000 4000 40 04 0660 c6336401 0a00002a
        ip   4500 0028 0007 4000 3f 06 6fbd 0a010001 c000020a
        tcp  03e8 006f 00000001 00000000 5002 0400 db7e 0000
        """,
        "tx",
        "forwarded",
    ),
    # one for both; priority 5 and DEI of the outer one are kept
    Case(
        "vlan-ipip-two-tags-tagged",
        """
        eth  0200000000aa 020000000001 88a8
        tag  b00a 8100
        tag  1064 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 006f 00000001 00000000 5002 0400 db7e 0000
        """,
        """
        eth  02010a00002a 0200000000aa 8100
        tag  b014 0800
        oip  4500 003c 0000 4000 40 04 0660 c6336401 0a00002a
        ip   4500 0028 0007 4000 3f 06 6fbd 0a010001 c000020a
        tcp  03e8 006f 00000001 00000000 5002 0400 db7e 0000
        """,
        "tx",
        "forwarded",
    ),
    # popped
    Case(
        "vlan-gue-one-tag-untagged",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0066 00000001 00000000 5002 0400 db87 0000
        """,
        """
        eth  02010a000021 0200000000aa 0800
        oip  4500 0044 0000 4000 40 11 0654 c6336401 0a000021
        oudp S??? 17c0 0030 0000
        ip   4500 0028 0007 4000 3f 06 6fbd 0a010001 c000020a
        tcp  03e8 0066 00000001 00000000 5002 0400 db87 0000
        """,
        "tx",
        "forwarded",
    ),
    # both popped
    Case(
        "vlan-gue-two-tags-untagged",
        """
        eth  0200000000aa 020000000001 88a8
        tag  b00a 8100
        tag  1064 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0066 00000001 00000000 5002 0400 db87 0000
        """,
        """
        eth  02010a000021 0200000000aa 0800
        oip  4500 0044 0000 4000 40 11 0654 c6336401 0a000021
        oudp S??? 17c0 0030 0000
        ip   4500 0028 0007 4000 3f 06 6fbd 0a010001 c000020a
        tcp  03e8 0066 00000001 00000000 5002 0400 db87 0000
        """,
        "tx",
        "forwarded",
    ),
    # pushed
    Case(
        "vlan-gue-untagged-tagged",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0070 00000001 00000000 5002 0400 db7d 0000
        """,
        """
        eth  02010a00002b 0200000000aa 8100
        tag  0014 0800
        oip  4500 0044 0000 4000 40 11 064a c6336401 0a00002b
        oudp S??? 17c0 0030 0000
        ip   4500 0028 0007 4000 3f 06 6fbd 0a010001 c000020a
        tcp  03e8 0070 00000001 00000000 5002 0400 db7d 0000
        """,
        "tx",
        "forwarded",
    ),
    # rewritten; priority 3 is kept
    Case(
        "vlan-gue-one-tag-tagged",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0070 00000001 00000000 5002 0400 db7d 0000
        """,
        """
        eth  02010a00002b 0200000000aa 8100
        tag  6014 0800
        oip  4500 0044 0000 4000 40 11 064a c6336401 0a00002b
        oudp S??? 17c0 0030 0000
        ip   4500 0028 0007 4000 3f 06 6fbd 0a010001 c000020a
        tcp  03e8 0070 00000001 00000000 5002 0400 db7d 0000
        """,
        "tx",
        "forwarded",
    ),
    # one for both; priority 5 and DEI of the outer one are kept
    Case(
        "vlan-gue-two-tags-tagged",
        """
        eth  0200000000aa 020000000001 88a8
        tag  b00a 8100
        tag  1064 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0070 00000001 00000000 5002 0400 db7d 0000
        """,
        """
        eth  02010a00002b 0200000000aa 8100
        tag  b014 0800
        oip  4500 0044 0000 4000 40 11 064a c6336401 0a00002b
        oudp S??? 17c0 0030 0000
        ip   4500 0028 0007 4000 3f 06 6fbd 0a010001 c000020a
        tcp  03e8 0070 00000001 00000000 5002 0400 db7d 0000
        """,
        "tx",
        "forwarded",
    ),
]
