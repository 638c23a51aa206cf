# SPDX-License-Identifier: Apache-2.0
"""Mode one-arm: segments in fragments."""

from __future__ import annotations

from tests.packets.cases.case import Case

TCP = [
    Case(
        "one-arm-fragments-tcp-syn",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0084 00000001 00000000 5002 0400 db69 0000
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 0750 c6336407 0a00003f
        tcp  PPPP 1f90 00000001 00000000 5002 0400 57d8-P 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-arm-fragments-tcp-syn-ack",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 0028 0007 4000 40 06 0650 0a00003f c6336407
        tcp  1f90 PPPP 00000100 00000002 5012 0400 56c7-P 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 6fbd c000020a 0a010001
        tcp  0084 03e8 00000100 00000002 5012 0400 da58 0000
        """,
        "tx",
        "forwarded-reply",
    ),
    Case(
        "one-arm-fragments-tcp-first",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0009 2000 40 06 8eb7 0a010001 c000020a
        tcp  03e8 0084 00000002 00000101 5018 0400 7bd4 0000
        data abcdabcd
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   4500 002c 0009 2000 3f 06 274a c6336407 0a00003f
        tcp  PPPP 1f90 00000002 00000101 5018 0400 f842-P 0000
        data abcdabcd
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-arm-fragments-tcp-later",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0020 0009 0003 40 06 aec0 0a010001 c000020a
        data abcd*6
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   4500 0020 0009 0003 3f 06 4753 c6336407 0a00003f
        data abcd*6
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-arm-fragments-tcp-reply-first",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 002c 000a 2000 40 06 2649 0a00003f c6336407
        tcp  1f90 PPPP 00000101 00000012 5018 0400 d2a6-P 0000
        data cafecafe
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 002c 000a 2000 3f 06 8fb6 c000020a 0a010001
        tcp  0084 03e8 00000101 00000012 5018 0400 5638 0000
        data cafecafe
        """,
        "tx",
        "forwarded-reply",
    ),
    Case(
        "one-arm-fragments-tcp-reply-later",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 0028 000a 0003 40 06 464a 0a00003f c6336407
        data cafe*10
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 000a 0003 3f 06 afb7 c000020a 0a010001
        data cafe*10
        """,
        "tx",
        "forwarded-reply",
    ),
]

TCP6 = [
    Case(
        "one-arm6-fragments-tcp-syn",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0084 00000001 00000000 5002 0400 7caa 0000
        """,
        """
        eth  020100000063 0200000000aa 86dd
        ip6  60000000 0014 06 3f
        addr 20010db8005100000000000000000007 fd000000000000000000000000000063
        tcp  PPPP 1f90 00000001 00000000 5002 0400 60dd-P 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-arm6-fragments-tcp-syn-ack",
        """
        eth  0200000000aa 020100000063 86dd
        ip6  60000000 0014 06 40
        addr fd000000000000000000000000000063 20010db8005100000000000000000007
        tcp  1f90 PPPP 00000100 00000002 5012 0400 5fcc-P 0000
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 0014 06 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        tcp  0084 03e8 00000100 00000002 5012 0400 7b99 0000
        """,
        "tx",
        "forwarded-reply",
    ),
    Case(
        "one-arm6-fragments-tcp-first",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 0600000100000009
        tcp  03e8 0084 00000002 00000101 5018 0400 1d15 0000
        data abcdabcd
        """,
        """
        eth  020100000063 0200000000aa 86dd
        ip6  60000000 0020 2c 3f
        addr 20010db8005100000000000000000007 fd000000000000000000000000000063
        frag 0600000100000009
        tcp  PPPP 1f90 00000002 00000101 5018 0400 0148-P 0000
        data abcdabcd
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-arm6-fragments-tcp-later",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 0600001800000009
        data abcd*6
        """,
        """
        eth  020100000063 0200000000aa 86dd
        ip6  60000000 0014 2c 3f
        addr 20010db8005100000000000000000007 fd000000000000000000000000000063
        frag 0600001800000009
        data abcd*6
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-arm6-fragments-tcp-reply-first",
        """
        eth  0200000000aa 020100000063 86dd
        ip6  60000000 0020 2c 40
        addr fd000000000000000000000000000063 20010db8005100000000000000000007
        frag 060000010000000a
        tcp  1f90 PPPP 00000101 00000012 5018 0400 dbab-P 0000
        data cafecafe
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 0020 2c 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        frag 060000010000000a
        tcp  0084 03e8 00000101 00000012 5018 0400 f778 0000
        data cafecafe
        """,
        "tx",
        "forwarded-reply",
    ),
    Case(
        "one-arm6-fragments-tcp-reply-later",
        """
        eth  0200000000aa 020100000063 86dd
        ip6  60000000 001c 2c 40
        addr fd000000000000000000000000000063 20010db8005100000000000000000007
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
        "tx",
        "forwarded-reply",
    ),
]
