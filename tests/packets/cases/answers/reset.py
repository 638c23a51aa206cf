# SPDX-License-Identifier: Apache-2.0
"""IPv4: segments of no known flow to port 84, whose service has on_unknown = "reset"."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

SINGLES = [
    # the padding of a shortest frame is zero in the answer
    Case(
        "reset-ack",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0054 00000002 00000101 5010 0400 da89 0000
        pad  aabbccddeeff
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0000 4000 40 06 6ec4 c000020a 0a010001
        tcp  0054 03e8 00000101 00000000 5004 0000 de97 0000
        pad  000000000000
        """,
        "tx",
        "answered-reset",
    ),
    # never longer than the question
    Case(
        "reset-ack-unpadded",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0054 00000002 00000101 5010 0400 da89 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0000 4000 40 06 6ec4 c000020a 0a010001
        tcp  0054 03e8 00000101 00000000 5004 0000 de97 0000
        """,
        "tx",
        "answered-reset",
    ),
    Case(
        "reset-data",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002f 0007 4000 40 06 6eb6 0a010001 c000020a
        tcp  03e8 0054 00000002 00000101 5018 0400 0608 0000
        data 474554202f0d0a
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0000 4000 40 06 6ec4 c000020a 0a010001
        tcp  0054 03e8 00000101 00000000 5004 0000 de97 0000
        pad  000000000000
        """,
        "tx",
        "answered-reset",
    ),
    # shorter than Ethernet frames are, but for virtual interfaces
    Case(
        "reset-one-byte",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0029 0007 4000 40 06 6ebc 0a010001 c000020a
        tcp  03e8 0054 00000002 00000101 5018 0400 7380 0000
        data 67
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0000 4000 40 06 6ec4 c000020a 0a010001
        tcp  0054 03e8 00000101 00000000 5004 0000 de97 0000
        pad  00
        """,
        "tx",
        "answered-reset",
    ),
    # cut down to the shortest frame
    Case(
        "reset-long-data",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0068 0007 4000 40 06 6e7d 0a010001 c000020a
        tcp  03e8 0054 00000002 00000101 5018 0400 f63d 0000
        data 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
        data 202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0000 4000 40 06 6ec4 c000020a 0a010001
        tcp  0054 03e8 00000101 00000000 5004 0000 de97 0000
        pad  000000000000
        """,
        "tx",
        "answered-reset",
    ),
    Case(
        "reset-fin",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0054 00000009 00000101 5011 0400 da81 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0000 4000 40 06 6ec4 c000020a 0a010001
        tcp  0054 03e8 00000101 00000000 5004 0000 de97 0000
        """,
        "tx",
        "answered-reset",
    ),
    # CWR, ECE, URG, ACK, PSH, and an urgent pointer
    Case(
        "reset-all-other-flags",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0054 00000002 00000101 50f8 0400 c76d 1234
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0000 4000 40 06 6ec4 c000020a 0a010001
        tcp  0054 03e8 00000101 00000000 5004 0000 de97 0000
        """,
        "tx",
        "answered-reset",
    ),
    Case(
        "reset-ack-number-0",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0054 00000002 00000000 5010 0400 db8a 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0000 4000 40 06 6ec4 c000020a 0a010001
        tcp  0054 03e8 00000000 00000000 5004 0000 df98 0000
        """,
        "tx",
        "answered-reset",
    ),
    Case(
        "reset-ack-number-largest",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0054 ffffffff ffffffff 5010 0400 db8c 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0000 4000 40 06 6ec4 c000020a 0a010001
        tcp  0054 03e8 ffffffff 00000000 5004 0000 df98 0000
        """,
        "tx",
        "answered-reset",
    ),
    Case(
        "reset-tcp-options",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0036 0007 4000 40 06 6eaf 0a010001 c000020a
        tcp  03e8 0054 00000002 00000101 8018 0400 f597 0000
        topt 0101080a0000000100000002
        data abcd
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0000 4000 40 06 6ec4 c000020a 0a010001
        tcp  0054 03e8 00000101 00000000 5004 0000 de97 0000
        pad  000000000000
        """,
        "tx",
        "answered-reset",
    ),
    Case(
        "reset-ip-options",
        """
        eth  0200000000aa 020000000001 0800
        ip   4f00 0053 0007 4000 40 06 507e 0a010001 c000020a
        iopt 01010101010101010101010101010101010101010101010101010101010101010101010101010101
        tcp  03e8 0054 00000002 00000101 5018 0400 3fb0 0000
        data abcdef
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0000 4000 40 06 6ec4 c000020a 0a010001
        tcp  0054 03e8 00000101 00000000 5004 0000 de97 0000
        pad  000000000000
        """,
        "tx",
        "answered-reset",
    ),
    Case(
        "reset-tos-id-ttl",
        """
        eth  0200000000aa 020000000001 0800
        ip   45bb 0028 beef 0000 01 06 2e1a 0a010001 c000020a
        tcp  03e8 0054 00000002 00000101 5010 0400 da89 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0000 4000 40 06 6ec4 c000020a 0a010001
        tcp  0054 03e8 00000101 00000000 5004 0000 de97 0000
        """,
        "tx",
        "answered-reset",
    ),
    # 58 bytes and two of padding
    Case(
        "reset-tag",
        """
        eth  0200000000aa 020000000001
        tag  8100 0064 0800
        ip   4500 002f 0007 4000 40 06 6eb6 0a010001 c000020a
        tcp  03e8 0054 00000002 00000101 5018 0400 0608 0000
        data 474554202f0d0a
        """,
        """
        eth  020000000001 0200000000aa
        tag  8100 0064 0800
        ip   4500 0028 0000 4000 40 06 6ec4 c000020a 0a010001
        tcp  0054 03e8 00000101 00000000 5004 0000 de97 0000
        pad  0000
        """,
        "tx",
        "answered-reset",
    ),
    # 62 bytes
    Case(
        "reset-two-tags",
        """
        eth  0200000000aa 020000000001
        tag  88a8 2007
        tag  8100 a064 0800
        ip   4500 002f 0007 4000 40 06 6eb6 0a010001 c000020a
        tcp  03e8 0054 00000002 00000101 5018 0400 0608 0000
        data 474554202f0d0a
        """,
        """
        eth  020000000001 0200000000aa
        tag  88a8 2007
        tag  8100 a064 0800
        ip   4500 0028 0000 4000 40 06 6ec4 c000020a 0a010001
        tcp  0054 03e8 00000101 00000000 5004 0000 de97 0000
        """,
        "tx",
        "answered-reset",
    ),
    # nothing is answered by a reset that is one, or that begins or accepts a connection
    Case(
        "reset-not-rst",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0054 00000002 00000000 5004 0400 db96 0000
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    Case(
        "reset-not-rst-ack",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0054 00000002 00000101 5014 0400 da85 0000
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    Case(
        "reset-not-syn-ack",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0054 00000002 00000101 5012 0400 da87 0000
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    Case(
        "reset-not-bad-flags",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0054 00000002 00000101 5008 0400 da91 0000
        """,
        UNTOUCHED,
        "drop",
        "bad-flags",
    ),
]
