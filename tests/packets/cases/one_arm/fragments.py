# SPDX-License-Identifier: Apache-2.0
"""Mode one-arm: fragments of requests and replies follow their first ones."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

UDP = [
    # its first one has not come yet
    Case(
        "one-arm-fragments-udp-early",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0009 0003 40 11 aeb1 0a010001 c000020a
        data abcd*8
        """,
        UNTOUCHED,
        "drop",
        "fragment-early",
    ),
    Case(
        "one-arm-fragments-udp-first",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0009 2000 40 11 8eac 0a010001 c000020a
        udp  03e8 0084 0028 724b
        data abcd*8
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   4500 002c 0009 2000 3f 11 273f c6336407 0a00003f
        udp  PPPP 0084 0028 0dc6-P
        data abcd*8
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-arm-fragments-udp-later",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0009 0003 40 11 aeb1 0a010001 c000020a
        data abcd*8
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   4500 0024 0009 0003 3f 11 4744 c6336407 0a00003f
        data abcd*8
        """,
        "tx",
        "forwarded",
    ),
    # its first one has not come yet
    Case(
        "one-arm-fragments-udp-reply-early",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 002c 000a 0003 40 11 463b 0a00003f c6336407
        data cafe*12
        """,
        UNTOUCHED,
        "drop",
        "fragment-early",
    ),
    Case(
        "one-arm-fragments-udp-reply-first",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 002c 000a 2000 40 11 263e 0a00003f c6336407
        udp  0084 PPPP 0030 eea8-P
        data cafe*8
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 002c 000a 2000 3f 11 8fab c000020a 0a010001
        udp  0084 03e8 0030 532e
        data cafe*8
        """,
        "tx",
        "forwarded-reply",
    ),
    Case(
        "one-arm-fragments-udp-reply-later",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 002c 000a 0003 40 11 463b 0a00003f c6336407
        data cafe*12
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 002c 000a 0003 3f 11 afa8 c000020a 0a010001
        data cafe*12
        """,
        "tx",
        "forwarded-reply",
    ),
]

UDP6 = [
    # its first one has not come yet
    Case(
        "one-arm6-fragments-udp-early",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100001800000009
        data abcd*8
        """,
        UNTOUCHED,
        "drop",
        "fragment-early",
    ),
    Case(
        "one-arm6-fragments-udp-first",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100000100000009
        udp  03e8 0084 0028 138c
        data abcd*8
        """,
        """
        eth  020100000063 0200000000aa 86dd
        ip6  60000000 0020 2c 3f
        addr 20010db8005100000000000000000007 fd000000000000000000000000000063
        frag 1100000100000009
        udp  PPPP 0084 0028 16cb-P
        data abcd*8
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-arm6-fragments-udp-later",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100001800000009
        data abcd*8
        """,
        """
        eth  020100000063 0200000000aa 86dd
        ip6  60000000 0018 2c 3f
        addr 20010db8005100000000000000000007 fd000000000000000000000000000063
        frag 1100001800000009
        data abcd*8
        """,
        "tx",
        "forwarded",
    ),
    # its first one has not come yet
    Case(
        "one-arm6-fragments-udp-reply-early",
        """
        eth  0200000000aa 020100000063 86dd
        ip6  60000000 0020 2c 40
        addr fd000000000000000000000000000063 20010db8005100000000000000000007
        frag 110000180000000a
        data cafe*12
        """,
        UNTOUCHED,
        "drop",
        "fragment-early",
    ),
    Case(
        "one-arm6-fragments-udp-reply-first",
        """
        eth  0200000000aa 020100000063 86dd
        ip6  60000000 0020 2c 40
        addr fd000000000000000000000000000063 20010db8005100000000000000000007
        frag 110000010000000a
        udp  0084 PPPP 0030 f7ad-P
        data cafe*8
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 0020 2c 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        frag 110000010000000a
        udp  0084 03e8 0030 f46e
        data cafe*8
        """,
        "tx",
        "forwarded-reply",
    ),
    Case(
        "one-arm6-fragments-udp-reply-later",
        """
        eth  0200000000aa 020100000063 86dd
        ip6  60000000 0020 2c 40
        addr fd000000000000000000000000000063 20010db8005100000000000000000007
        frag 110000180000000a
        data cafe*12
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 0020 2c 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        frag 110000180000000a
        data cafe*12
        """,
        "tx",
        "forwarded-reply",
    ),
]
