# SPDX-License-Identifier: Apache-2.0
"""TCP in fragments."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

L2DSR = [
    Case(
        "fragments-tcp-l2dsr-first",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0007 2000 40 06 8eb9 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 d4bf 0000
        data abcd*2
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 002c 0007 2000 40 06 8eb9 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 d4bf 0000
        data abcd*2
        """,
        "tx",
        "forwarded",
    ),
    # at offset 8: it could write other flags (RFC 1858)
    Case(
        "fragments-tcp-l2dsr-tiny",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0007 0001 40 06 aec0 0a010001 c000020a
        data 00000000 5010 0400 0000 0000 abcd abcd
        """,
        UNTOUCHED,
        "drop",
        "fragment",
    ),
    Case(
        "fragments-tcp-l2dsr-last",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001c 0007 0003 40 06 aec6 0a010001 c000020a
        data abcd*4
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 001c 0007 0003 40 06 aec6 0a010001 c000020a
        data abcd*4
        """,
        "tx",
        "forwarded",
    ),
]

DSCP = [
    Case(
        "fragments-tcp-dscp-first",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0007 2000 40 06 8eb9 0a010001 c000020a
        tcp  03e8 0064 00000001 00000000 5002 0400 d4ab 0000
        data abcd*2
        """,
        """
        eth  02010a00001f 0200000000aa 0800
        ip   4530 002c 0007 2000 3f 06 4775 0a010001 0a00001f
        tcp  03e8 0064 00000001 00000000 5002 0400 8c97 0000
        data abcd*2
        """,
        "tx",
        "forwarded",
    ),
    # at offset 8: it could write other flags (RFC 1858)
    Case(
        "fragments-tcp-dscp-tiny",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0007 0001 40 06 aec0 0a010001 c000020a
        data 00000000 5010 0400 0000 0000 abcd abcd
        """,
        UNTOUCHED,
        "drop",
        "fragment",
    ),
    Case(
        "fragments-tcp-dscp-last",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001c 0007 0003 40 06 aec6 0a010001 c000020a
        data abcd*4
        """,
        """
        eth  02010a00001f 0200000000aa 0800
        ip   4530 001c 0007 0003 3f 06 6782 0a010001 0a00001f
        data abcd*4
        """,
        "tx",
        "forwarded",
    ),
]

L2DSR6 = [
    Case(
        "fragments-tcp-l2dsr6-first",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 0600 0001 01020007
        tcp  03e8 0050 00000001 00000000 5002 0400 7600 0000
        data abcd*2
        """,
        """
        eth  020100000011 0200000000aa 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 0600 0001 01020007
        tcp  03e8 0050 00000001 00000000 5002 0400 7600 0000
        data abcd*2
        """,
        "tx",
        "forwarded",
    ),
    # at offset 8: it could write other flags (RFC 1858)
    Case(
        "fragments-tcp-l2dsr6-tiny",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 0600 0008 01020007
        data 00000000 5010 0400 0000 0000 abcd abcd
        """,
        UNTOUCHED,
        "drop",
        "fragment",
    ),
    Case(
        "fragments-tcp-l2dsr6-last",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0010 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 0600 0018 01020007
        data abcd*4
        """,
        """
        eth  020100000011 0200000000aa 86dd
        ip6  60000000 0010 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 0600 0018 01020007
        data abcd*4
        """,
        "tx",
        "forwarded",
    ),
]

DSCP6 = [
    Case(
        "fragments-tcp-dscp6-first",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 0600 0001 01020007
        tcp  03e8 0064 00000001 00000000 5002 0400 75ec 0000
        data abcd*2
        """,
        """
        eth  020100000031 0200000000aa 86dd
        ip6  63000000 0020 2c 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000031
        frag 0600 0001 01020007
        tcp  03e8 0064 00000001 00000000 5002 0400 a683 0000
        data abcd*2
        """,
        "tx",
        "forwarded",
    ),
    # at offset 8: it could write other flags (RFC 1858)
    Case(
        "fragments-tcp-dscp6-tiny",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 0600 0008 01020007
        data 00000000 5010 0400 0000 0000 abcd abcd
        """,
        UNTOUCHED,
        "drop",
        "fragment",
    ),
    Case(
        "fragments-tcp-dscp6-last",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0010 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 0600 0018 01020007
        data abcd*4
        """,
        """
        eth  020100000031 0200000000aa 86dd
        ip6  63000000 0010 2c 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000031
        frag 0600 0018 01020007
        data abcd*4
        """,
        "tx",
        "forwarded",
    ),
]
