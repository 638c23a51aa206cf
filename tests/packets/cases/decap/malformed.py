# SPDX-License-Identifier: Apache-2.0
"""Envelopes whose headers lie about lengths: left to the kernel as they came."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

MALFORMED = [
    Case(
        "gue-too-short-for-udp",
        """
        eth  0200000000aa 020000000001 0800
        data 4500001800004000401126c70a0100020a01000bc12317c0
        """,
        UNTOUCHED,
        "pass",
        "",
    ),
    Case(
        "udp-length-0",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0044 0000 4000 40 11 269b 0a010002 0a01000b
        udp  c123 17c0 0000 0000
        ip   4500 0028 0007 4000 3f 06 6fbd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        UNTOUCHED,
        "pass",
        "",
    ),
    # one byte more than the outer packet has
    Case(
        "udp-length-beyond",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0044 0000 4000 40 11 269b 0a010002 0a01000b
        udp  c123 17c0 0031 0000
        ip   4500 0028 0007 4000 3f 06 6fbd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        UNTOUCHED,
        "pass",
        "",
    ),
    # one byte less than the inner packet has
    Case(
        "udp-length-below-inner",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0044 0000 4000 40 11 269b 0a010002 0a01000b
        udp  c123 17c0 002f 0000
        ip   4500 0028 0007 4000 3f 06 6fbd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        UNTOUCHED,
        "pass",
        "",
    ),
    # one byte more than the frame has
    Case(
        "outer-total-beyond",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 003d 0000 4000 40 04 26af 0a010002 0a01000b
        ip   4500 0028 0007 4000 3f 06 6fbd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        UNTOUCHED,
        "pass",
        "",
    ),
    Case(
        "outer-total-below-inner",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 003b 0000 4000 40 04 26b1 0a010002 0a01000b
        ip   4500 0028 0007 4000 3f 06 6fbd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 00
        pad  00
        """,
        UNTOUCHED,
        "pass",
        "",
    ),
    Case(
        "outer-total-below-header",
        """
        eth  0200000000aa 020000000001 0800
        data 4500001300004000400426d90a0100020a01000b45000028000740003f066fbd0a010001c000020a
        data 03e80050000000010000000050020400db9d0000
        """,
        UNTOUCHED,
        "pass",
        "",
    ),
    Case(
        "outer-header-4-words",
        """
        eth  0200000000aa 020000000001 0800
        ip   4400 003c 0000 4000 40 04 27b0 0a010002
        ip6  0a01000b 4500 00 28 000740003f066fbd0a010001c000020a 03e80050000000010000000050020400
        data db9d0000
        """,
        UNTOUCHED,
        "pass",
        "",
    ),
    # a header longer than the packet
    Case(
        "outer-header-beyond",
        """
        eth  0200000000aa 020000000001 0800
        data 4f0000280000400040041cc40a0100020a01000b45000028000740003f066fbd0a010001c000020a
        data 03e80050000000010000000050020400db9d0000
        """,
        UNTOUCHED,
        "pass",
        "",
    ),
    Case(
        "outer-payload-beyond-6",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60012345 003d 29 40 20010db8000100000000000000000002 20010db8000100000000000000000011
        ip6  60000000 0014 06 3f 20010db8000200000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0050 00000001 00000000 5002 0400 4c25 0000
        """,
        UNTOUCHED,
        "pass",
        "",
    ),
    Case(
        "outer-payload-below-inner-6",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60012345 003b 29 40 20010db8000100000000000000000002 20010db8000100000000000000000011
        ip6  60000000 0014 06 3f 20010db8000200000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0050 00000001 00000000 5002 0400 4c25 00
        pad  00
        """,
        UNTOUCHED,
        "pass",
        "",
    ),
    Case(
        "outer-version-6",
        """
        eth  0200000000aa 020000000001 0800
        ip   6500 003c 0000 4000 40 04 26b0 0a010002 0a01000b
        ip   4500 0028 0007 4000 3f 06 6fbd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        UNTOUCHED,
        "pass",
        "",
    ),
    Case(
        "outer-version-4",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  40012345 003c 29 40 20010db8000100000000000000000002 20010db8000100000000000000000011
        ip6  60000000 0014 06 3f 20010db8000200000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0050 00000001 00000000 5002 0400 4c25 0000
        """,
        UNTOUCHED,
        "pass",
        "",
    ),
    Case(
        "inner-header-4-words",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0030 0000 4000 40 04 26bc 0a010002 0a01000b
        ip   4400 001c 0001 0000 40 11 afc4 0a010001 c000020a
        data 3031323334353637
        """,
        UNTOUCHED,
        "pass",
        "",
    ),
    Case(
        "inner-header-beyond",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0030 0000 4000 40 04 26bc 0a010002 0a01000b
        ip   4f00 001c 0001 0000 40 11 a4c4 0a010001 c000020a 3031323334353637
        """,
        UNTOUCHED,
        "pass",
        "",
    ),
    Case(
        "inner-total-beyond",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0030 0000 4000 40 04 26bc 0a010002 0a01000b
        ip   4500 001d 0001 0000 40 11 aec3 0a010001 c000020a
        udp  3031 3233 3435 3637
        """,
        UNTOUCHED,
        "pass",
        "",
    ),
    Case(
        "inner-payload-beyond-6",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60012345 0030 29 40 20010db8000100000000000000000002 20010db8000100000000000000000011
        ip6  60000000 0009 11 40 20010db8000200000000000000000001 20010db8000000000000000000000010
        udp  3031 3233 3435 3637
        """,
        UNTOUCHED,
        "pass",
        "",
    ),
    Case(
        "inner-cut-6",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60012345 0027 29 40 20010db8000100000000000000000002 20010db8000100000000000000000011
        ip6  60000000 0000 3b 40 20010db8000200000000000000000001 20010db80000000000000000000000
        """,
        UNTOUCHED,
        "pass",
        "",
    ),
    Case(
        "three-tags",
        """
        eth  0200000000aa 020000000001 8100
        tag  0001 8100
        tag  0002 8100
        tag  0003 0800
        ip   4500 003c 0000 4000 40 04 26b0 0a010002 0a01000b
        ip   4500 0028 0007 4000 3f 06 6fbd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        UNTOUCHED,
        "pass",
        "",
    ),
]
