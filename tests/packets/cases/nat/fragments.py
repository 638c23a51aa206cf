# SPDX-License-Identifier: Apache-2.0
"""Mode nat: fragments of requests and replies follow their first ones."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

UDP = [
    # its first one has not come yet
    Case(
        "nat-fragments-udp-early",
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
        "nat-fragments-udp-first",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0009 2000 40 11 8eac 0a010001 c000020a
        udp  03e8 0085 0028 724a
        data abcd*8
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 002c 0009 2000 3f 11 4777 0a010001 0a000040
        udp  03e8 0085 0028 2a15
        data abcd*8
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "nat-fragments-udp-later",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0009 0003 40 11 aeb1 0a010001 c000020a
        data abcd*8
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 0024 0009 0003 3f 11 677c 0a010001 0a000040
        data abcd*8
        """,
        "redirect",
        "forwarded",
    ),
    # its first one has not come yet
    Case(
        "nat-fragments-udp-reply-early",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 002c 000a 0003 40 11 6673 0a000040 0a010001
        data cafe*12
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    Case(
        "nat-fragments-udp-reply-first",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 002c 000a 2000 40 11 4676 0a000040 0a010001
        udp  0085 03e8 0030 0af8
        data cafe*8
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 002c 000a 2000 3f 11 8fab c000020a 0a010001
        udp  0085 03e8 0030 532d
        data cafe*8
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "nat-fragments-udp-reply-later",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 002c 000a 0003 40 11 6673 0a000040 0a010001
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
        "nat6-fragments-udp-early",
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
        "nat6-fragments-udp-first",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100000100000009
        udp  03e8 0085 0028 138b
        data abcd*8
        """,
        """
        eth  020100000064 0200000000bb 86dd
        ip6  60000000 0020 2c 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000064
        frag 1100000100000009
        udp  03e8 0085 0028 43ef
        data abcd*8
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "nat6-fragments-udp-later",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100001800000009
        data abcd*8
        """,
        """
        eth  020100000064 0200000000bb 86dd
        ip6  60000000 0018 2c 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000064
        frag 1100001800000009
        data abcd*8
        """,
        "redirect",
        "forwarded",
    ),
    # its first one has not come yet
    Case(
        "nat6-fragments-udp-reply-early",
        """
        eth  0200000000bb 020100000064 86dd
        ip6  60000000 0020 2c 40
        addr fd000000000000000000000000000064 fd010000000000000000000000000001
        frag 110000180000000a
        data cafe*12
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    Case(
        "nat6-fragments-udp-reply-first",
        """
        eth  0200000000bb 020100000064 86dd
        ip6  60000000 0020 2c 40
        addr fd000000000000000000000000000064 fd010000000000000000000000000001
        frag 110000010000000a
        udp  0085 03e8 0030 24d2
        data cafe*8
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 0020 2c 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        frag 110000010000000a
        udp  0085 03e8 0030 f46d
        data cafe*8
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "nat6-fragments-udp-reply-later",
        """
        eth  0200000000bb 020100000064 86dd
        ip6  60000000 0020 2c 40
        addr fd000000000000000000000000000064 fd010000000000000000000000000001
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
