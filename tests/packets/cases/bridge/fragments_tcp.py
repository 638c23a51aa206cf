# SPDX-License-Identifier: Apache-2.0
"""Mode bridge: segments in fragments."""

from __future__ import annotations

from tests.packets.cases.case import Case

TCP = [
    Case(
        "bridge-fragments-tcp-syn",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0082 00000001 00000000 5002 0400 db6b 0000
        """,
        """
        eth  02010a00003d 020000000001 0800
        ip   4500 0028 0007 4000 40 06 268b 0a010001 0a00003d
        tcp  03e8 1f90 00000001 00000000 5002 0400 742b 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge-fragments-tcp-syn-ack",
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 0028 0007 4000 40 06 268b 0a00003d 0a010001
        tcp  1f90 03e8 00000100 00000002 5012 0400 731a 0000
        """,
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        tcp  0082 03e8 00000100 00000002 5012 0400 da5a 0000
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "bridge-fragments-tcp-first",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0009 2000 40 06 8eb7 0a010001 c000020a
        tcp  03e8 0082 00000002 00000101 5018 0400 7bd6 0000
        data abcdabcd
        """,
        """
        eth  02010a00003d 020000000001 0800
        ip   4500 002c 0009 2000 40 06 4685 0a010001 0a00003d
        tcp  03e8 1f90 00000002 00000101 5018 0400 1496 0000
        data abcdabcd
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge-fragments-tcp-later",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0020 0009 0003 40 06 aec0 0a010001 c000020a
        data abcd*6
        """,
        """
        eth  02010a00003d 020000000001 0800
        ip   4500 0020 0009 0003 40 06 668e 0a010001 0a00003d
        data abcd*6
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge-fragments-tcp-reply-first",
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 002c 000a 2000 40 06 4684 0a00003d 0a010001
        tcp  1f90 03e8 00000101 00000012 5018 0400 eef9 0000
        data cafecafe
        """,
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 002c 000a 2000 40 06 8eb6 c000020a 0a010001
        tcp  0082 03e8 00000101 00000012 5018 0400 563a 0000
        data cafecafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "bridge-fragments-tcp-reply-later",
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 0028 000a 0003 40 06 6685 0a00003d 0a010001
        data cafe*10
        """,
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 0028 000a 0003 40 06 aeb7 c000020a 0a010001
        data cafe*10
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]

TCP6 = [
    Case(
        "bridge6-fragments-tcp-syn",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0082 00000001 00000000 5002 0400 7cac 0000
        """,
        """
        eth  020100000061 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 fd000000000000000000000000000061
        tcp  03e8 1f90 00000001 00000000 5002 0400 8e05 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge6-fragments-tcp-syn-ack",
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 0014 06 40
        addr fd000000000000000000000000000061 fd010000000000000000000000000001
        tcp  1f90 03e8 00000100 00000002 5012 0400 8cf4 0000
        """,
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 0014 06 40
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        tcp  0082 03e8 00000100 00000002 5012 0400 7b9b 0000
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "bridge6-fragments-tcp-first",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 0600000100000009
        tcp  03e8 0082 00000002 00000101 5018 0400 1d17 0000
        data abcdabcd
        """,
        """
        eth  020100000061 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 fd000000000000000000000000000061
        frag 0600000100000009
        tcp  03e8 1f90 00000002 00000101 5018 0400 2e70 0000
        data abcdabcd
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge6-fragments-tcp-later",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 0600001800000009
        data abcd*6
        """,
        """
        eth  020100000061 020000000001 86dd
        ip6  60000000 0014 2c 40
        addr fd010000000000000000000000000001 fd000000000000000000000000000061
        frag 0600001800000009
        data abcd*6
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge6-fragments-tcp-reply-first",
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 0020 2c 40
        addr fd000000000000000000000000000061 fd010000000000000000000000000001
        frag 060000010000000a
        tcp  1f90 03e8 00000101 00000012 5018 0400 08d4 0000
        data cafecafe
        """,
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 0020 2c 40
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        frag 060000010000000a
        tcp  0082 03e8 00000101 00000012 5018 0400 f77a 0000
        data cafecafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "bridge6-fragments-tcp-reply-later",
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 001c 2c 40
        addr fd000000000000000000000000000061 fd010000000000000000000000000001
        frag 060000180000000a
        data cafe*10
        """,
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 001c 2c 40
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        frag 060000180000000a
        data cafe*10
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]
