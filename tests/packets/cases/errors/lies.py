# SPDX-License-Identifier: Apache-2.0
"""ICMP errors that lie, or are about nothing of ours. One flow is there."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

CONVERSATION = [
    Case(
        "lies4-syn",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        "tx",
        "forwarded",
    ),
    # what all the others differ from
    Case(
        "lies4-none",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0301 f8c5 00000000
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 005003e800000001
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0301 f8c5 00000000
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 005003e800000001
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "lies4-27-bytes",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0037 0007 4000 40 01 6db6 0a0100fe c000020a
        icmp 0301 f8c6 00000000
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 005003e8000000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "lies4-27-bytes-in-long-frame",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0037 0007 4000 40 01 6db6 0a0100fe c000020a
        icmp 0301 f8c6 00000000
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 005003e8000000
        pad  01
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "lies4-19-bytes",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002f 0007 4000 40 01 6dbe 0a0100fe c000020a
        icmp 0301 fcff 00000000
        data 450000280007400040066ebdc000020a0a0100
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "lies4-nothing",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001c 0007 4000 40 01 6dd1 0a0100fe c000020a
        icmp 0301 fcfe 00000000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "lies4-version-6",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0301 f8c5 00000000
        ip   6500 0028 0007 4000 40 06 4ebd c000020a 0a010001
        data 005003e800000001
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "lies4-header-length-16",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0301 f8c5 00000000
        ip   4400 0028 0007 4000 40 06 6fbd c000020a 0a010001
        data 005003e800000001
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    # 60 bytes of header
    Case(
        "lies4-options-beyond",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0301 f8c5 00000000
        ip   4f00 0028 0007 4000 40 06 64bd c000020a 0a010001
        data 005003e800000001
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "lies4-options",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 003c 0007 4000 40 01 6db1 0a0100fe c000020a
        icmp 0301 f8c5 00000000
        ip   4600 002c 0007 4000 40 06 6bb8 c000020a 0a010001
        opt  01010100
        data 005003e800000001
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 003c 0007 4000 40 01 6db1 0a0100fe c000020a
        icmp 0301 f8c5 00000000
        ip   4600 002c 0007 4000 40 06 6bb8 c000020a 0a010001
        opt  01010100
        data 005003e800000001
        """,
        "tx",
        "forwarded",
    ),
    # 192.0.2.11 sent it
    Case(
        "lies4-other-source",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0301 f8c5 00000000
        ip   4500 0028 0007 4000 40 06 6ebc c000020b 0a010001
        data 005003e800000001
        """,
        UNTOUCHED,
        "drop",
        "icmp-error",
    ),
    Case(
        "lies4-another-vip",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0301 f8c5 00000000
        ip   4500 0028 0007 4000 40 06 6e64 c0000263 0a010001
        data 005003e800000001
        """,
        UNTOUCHED,
        "drop",
        "icmp-error",
    ),
    # from the client to the VIP
    Case(
        "lies4-clients-packet",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0301 f8c5 00000000
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        data 03e8005000000001
        """,
        UNTOUCHED,
        "drop",
        "icmp-error",
    ),
    Case(
        "lies4-other-client",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0301 f8c5 00000000
        ip   4500 0028 0007 4000 40 06 6ebc c000020a 0a010002
        data 005003e800000001
        """,
        UNTOUCHED,
        "drop",
        "icmp-error",
    ),
    Case(
        "lies4-other-port",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0301 f8c4 00000000
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 005003e900000001
        """,
        UNTOUCHED,
        "drop",
        "icmp-error",
    ),
    Case(
        "lies4-udp",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0301 f8bc 00000000
        ip   4500 0028 0007 4000 40 11 6eb2 c000020a 0a010001
        data 005003e8000a0000
        """,
        UNTOUCHED,
        "drop",
        "icmp-error",
    ),
    Case(
        "lies4-icmp",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0301 f8bc 00000000
        ip   4500 0028 0007 4000 40 01 6ec2 c000020a 0a010001
        data 005003e8000a0000
        """,
        UNTOUCHED,
        "drop",
        "icmp-error",
    ),
    Case(
        "lies4-tunnel",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0301 f8bc 00000000
        ip   4500 0028 0007 4000 40 04 6ebf c000020a 0a010001
        data 005003e8000a0000
        """,
        UNTOUCHED,
        "drop",
        "icmp-error",
    ),
    Case(
        "lies4-later-fragment",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0301 f8c5 00000000
        ip   4500 0028 0007 0003 40 06 aeba c000020a 0a010001
        data 005003e800000001
        """,
        UNTOUCHED,
        "drop",
        "icmp-error",
    ),
    Case(
        "lies4-first-fragment",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0301 f8c5 00000000
        ip   4500 0028 0007 2000 40 06 8ebd c000020a 0a010001
        data 005003e800000001
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0301 f8c5 00000000
        ip   4500 0028 0007 2000 40 06 8ebd c000020a 0a010001
        data 005003e800000001
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "lies4-fragment-of-an-error",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 2000 40 01 8db5 0a0100fe c000020a
        icmp 0301 f8c5 00000000
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 005003e800000001
        """,
        UNTOUCHED,
        "drop",
        "fragment",
    ),
    Case(
        "lies4-last-fragment-of-an-error",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 0006 40 01 adaf 0a0100fe c000020a
        icmp 0301 f8c5 00000000
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 005003e800000001
        """,
        UNTOUCHED,
        "drop",
        "fragment",
    ),
    Case(
        "lies4-other-host",
        """
        eth  0200000000bb 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0301 f8c5 00000000
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 005003e800000001
        """,
        UNTOUCHED,
        "pass",
        "other-host",
    ),
]
