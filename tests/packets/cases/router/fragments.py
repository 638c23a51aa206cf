# SPDX-License-Identifier: Apache-2.0
"""Mode router: fragments of requests and replies follow their first ones."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

UDP = [
    # its first one has not come yet
    Case(
        "router-fragments-udp-early",
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
        "router-fragments-udp-first",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0009 2000 40 11 8eac 0a010001 c000020a
        udp  03e8 0083 0028 724c
        data abcd*8
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 002c 0009 2000 3f 11 4779 0a010001 0a00003e
        udp  03e8 0083 0028 2a19
        data abcd*8
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "router-fragments-udp-later",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0009 0003 40 11 aeb1 0a010001 c000020a
        data abcd*8
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 0024 0009 0003 3f 11 677e 0a010001 0a00003e
        data abcd*8
        """,
        "redirect",
        "forwarded",
    ),
    # its first one has not come yet
    Case(
        "router-fragments-udp-reply-early",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 002c 000a 0003 40 11 6675 0a00003e 0a010001
        data cafe*12
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    Case(
        "router-fragments-udp-reply-first",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 002c 000a 2000 40 11 4678 0a00003e 0a010001
        udp  0083 03e8 0030 0afc
        data cafe*8
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 002c 000a 2000 3f 11 8fab c000020a 0a010001
        udp  0083 03e8 0030 532f
        data cafe*8
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "router-fragments-udp-reply-later",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 002c 000a 0003 40 11 6675 0a00003e 0a010001
        data cafe*12
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 002c 000a 0003 3f 11 afa8 c000020a 0a010001
        data cafe*12
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]

UDP6 = [
    # its first one has not come yet
    Case(
        "router6-fragments-udp-early",
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
        "router6-fragments-udp-first",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100000100000009
        udp  03e8 0083 0028 138d
        data abcd*8
        """,
        """
        eth  020100000062 0200000000bb 86dd
        ip6  60000000 0020 2c 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000062
        frag 1100000100000009
        udp  03e8 0083 0028 43f3
        data abcd*8
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "router6-fragments-udp-later",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100001800000009
        data abcd*8
        """,
        """
        eth  020100000062 0200000000bb 86dd
        ip6  60000000 0018 2c 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000062
        frag 1100001800000009
        data abcd*8
        """,
        "redirect",
        "forwarded",
    ),
    # its first one has not come yet
    Case(
        "router6-fragments-udp-reply-early",
        """
        eth  0200000000bb 020100000062 86dd
        ip6  60000000 0020 2c 40
        addr fd000000000000000000000000000062 fd010000000000000000000000000001
        frag 110000180000000a
        data cafe*12
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    Case(
        "router6-fragments-udp-reply-first",
        """
        eth  0200000000bb 020100000062 86dd
        ip6  60000000 0020 2c 40
        addr fd000000000000000000000000000062 fd010000000000000000000000000001
        frag 110000010000000a
        udp  0083 03e8 0030 24d6
        data cafe*8
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 0020 2c 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        frag 110000010000000a
        udp  0083 03e8 0030 f46f
        data cafe*8
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "router6-fragments-udp-reply-later",
        """
        eth  0200000000bb 020100000062 86dd
        ip6  60000000 0020 2c 40
        addr fd000000000000000000000000000062 fd010000000000000000000000000001
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
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]
