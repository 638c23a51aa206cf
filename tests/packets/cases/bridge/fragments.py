# SPDX-License-Identifier: Apache-2.0
"""Mode bridge: fragments of requests and replies follow their first ones."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

UDP = [
    # its first one has not come yet
    Case(
        "bridge-fragments-udp-early",
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
        "bridge-fragments-udp-first",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0009 2000 40 11 8eac 0a010001 c000020a
        udp  03e8 0082 0028 724d
        data abcd*8
        """,
        """
        eth  02010a00003d 020000000001 0800
        ip   4500 002c 0009 2000 40 11 467a 0a010001 0a00003d
        udp  03e8 0082 0028 2a1b
        data abcd*8
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge-fragments-udp-later",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0009 0003 40 11 aeb1 0a010001 c000020a
        data abcd*8
        """,
        """
        eth  02010a00003d 020000000001 0800
        ip   4500 0024 0009 0003 40 11 667f 0a010001 0a00003d
        data abcd*8
        """,
        "redirect",
        "forwarded",
    ),
    # its first one has not come yet
    Case(
        "bridge-fragments-udp-reply-early",
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 002c 000a 0003 40 11 6676 0a00003d 0a010001
        data cafe*12
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    Case(
        "bridge-fragments-udp-reply-first",
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 002c 000a 2000 40 11 4679 0a00003d 0a010001
        udp  0082 03e8 0030 0afe
        data cafe*8
        """,
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 002c 000a 2000 40 11 8eab c000020a 0a010001
        udp  0082 03e8 0030 5330
        data cafe*8
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "bridge-fragments-udp-reply-later",
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 002c 000a 0003 40 11 6676 0a00003d 0a010001
        data cafe*12
        """,
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 002c 000a 0003 40 11 aea8 c000020a 0a010001
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
        "bridge6-fragments-udp-early",
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
        "bridge6-fragments-udp-first",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100000100000009
        udp  03e8 0082 0028 138e
        data abcd*8
        """,
        """
        eth  020100000061 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 fd000000000000000000000000000061
        frag 1100000100000009
        udp  03e8 0082 0028 43f5
        data abcd*8
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge6-fragments-udp-later",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100001800000009
        data abcd*8
        """,
        """
        eth  020100000061 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 fd000000000000000000000000000061
        frag 1100001800000009
        data abcd*8
        """,
        "redirect",
        "forwarded",
    ),
    # its first one has not come yet
    Case(
        "bridge6-fragments-udp-reply-early",
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 0020 2c 40
        addr fd000000000000000000000000000061 fd010000000000000000000000000001
        frag 110000180000000a
        data cafe*12
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    Case(
        "bridge6-fragments-udp-reply-first",
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 0020 2c 40
        addr fd000000000000000000000000000061 fd010000000000000000000000000001
        frag 110000010000000a
        udp  0082 03e8 0030 24d8
        data cafe*8
        """,
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 0020 2c 40
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        frag 110000010000000a
        udp  0082 03e8 0030 f470
        data cafe*8
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "bridge6-fragments-udp-reply-later",
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 0020 2c 40
        addr fd000000000000000000000000000061 fd010000000000000000000000000001
        frag 110000180000000a
        data cafe*12
        """,
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 0020 2c 40
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        frag 110000180000000a
        data cafe*12
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]
