# SPDX-License-Identifier: Apache-2.0
"""Mode router: segments in fragments."""

from __future__ import annotations

from tests.packets.cases.case import Case

TCP = [
    Case(
        "router-fragments-tcp-syn",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0083 00000001 00000000 5002 0400 db6a 0000
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 0028 0007 4000 3f 06 278a 0a010001 0a00003e
        tcp  03e8 1f90 00000001 00000000 5002 0400 742a 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "router-fragments-tcp-syn-ack",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 0028 0007 4000 40 06 268a 0a00003e 0a010001
        tcp  1f90 03e8 00000100 00000002 5012 0400 7319 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 6fbd c000020a 0a010001
        tcp  0083 03e8 00000100 00000002 5012 0400 da59 0000
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "router-fragments-tcp-first",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0009 2000 40 06 8eb7 0a010001 c000020a
        tcp  03e8 0083 00000002 00000101 5018 0400 7bd5 0000
        data abcdabcd
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 002c 0009 2000 3f 06 4784 0a010001 0a00003e
        tcp  03e8 1f90 00000002 00000101 5018 0400 1495 0000
        data abcdabcd
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "router-fragments-tcp-later",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0020 0009 0003 40 06 aec0 0a010001 c000020a
        data abcd*6
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 0020 0009 0003 3f 06 678d 0a010001 0a00003e
        data abcd*6
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "router-fragments-tcp-reply-first",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 002c 000a 2000 40 06 4683 0a00003e 0a010001
        tcp  1f90 03e8 00000101 00000012 5018 0400 eef8 0000
        data cafecafe
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 002c 000a 2000 3f 06 8fb6 c000020a 0a010001
        tcp  0083 03e8 00000101 00000012 5018 0400 5639 0000
        data cafecafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "router-fragments-tcp-reply-later",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 0028 000a 0003 40 06 6684 0a00003e 0a010001
        data cafe*10
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 000a 0003 3f 06 afb7 c000020a 0a010001
        data cafe*10
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]

TCP6 = [
    Case(
        "router6-fragments-tcp-syn",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0083 00000001 00000000 5002 0400 7cab 0000
        """,
        """
        eth  020100000062 0200000000bb 86dd
        ip6  60000000 0014 06 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000062
        tcp  03e8 1f90 00000001 00000000 5002 0400 8e04 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "router6-fragments-tcp-syn-ack",
        """
        eth  0200000000bb 020100000062 86dd
        ip6  60000000 0014 06 40
        addr fd000000000000000000000000000062 fd010000000000000000000000000001
        tcp  1f90 03e8 00000100 00000002 5012 0400 8cf3 0000
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 0014 06 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        tcp  0083 03e8 00000100 00000002 5012 0400 7b9a 0000
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "router6-fragments-tcp-first",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 0600000100000009
        tcp  03e8 0083 00000002 00000101 5018 0400 1d16 0000
        data abcdabcd
        """,
        """
        eth  020100000062 0200000000bb 86dd
        ip6  60000000 0020 2c 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000062
        frag 0600000100000009
        tcp  03e8 1f90 00000002 00000101 5018 0400 2e6f 0000
        data abcdabcd
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "router6-fragments-tcp-later",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 0600001800000009
        data abcd*6
        """,
        """
        eth  020100000062 0200000000bb 86dd
        ip6  60000000 0014 2c 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000062
        frag 0600001800000009
        data abcd*6
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "router6-fragments-tcp-reply-first",
        """
        eth  0200000000bb 020100000062 86dd
        ip6  60000000 0020 2c 40
        addr fd000000000000000000000000000062 fd010000000000000000000000000001
        frag 060000010000000a
        tcp  1f90 03e8 00000101 00000012 5018 0400 08d3 0000
        data cafecafe
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 0020 2c 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        frag 060000010000000a
        tcp  0083 03e8 00000101 00000012 5018 0400 f779 0000
        data cafecafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "router6-fragments-tcp-reply-later",
        """
        eth  0200000000bb 020100000062 86dd
        ip6  60000000 001c 2c 40
        addr fd000000000000000000000000000062 fd010000000000000000000000000001
        frag 060000180000000a
        data cafe*10
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 001c 2c 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        frag 060000180000000a
        data cafe*10
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]
