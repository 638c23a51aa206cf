# SPDX-License-Identifier: Apache-2.0
"""Mode nat: segments in fragments."""

from __future__ import annotations

from tests.packets.cases.case import Case

TCP = [
    Case(
        "nat-fragments-tcp-syn",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0085 00000001 00000000 5002 0400 db68 0000
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 0028 0007 4000 3f 06 2788 0a010001 0a000040
        tcp  03e8 1f90 00000001 00000000 5002 0400 7428 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "nat-fragments-tcp-syn-ack",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 0028 0007 4000 40 06 2688 0a000040 0a010001
        tcp  1f90 03e8 00000100 00000002 5012 0400 7317 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 6fbd c000020a 0a010001
        tcp  0085 03e8 00000100 00000002 5012 0400 da57 0000
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "nat-fragments-tcp-first",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0009 2000 40 06 8eb7 0a010001 c000020a
        tcp  03e8 0085 00000002 00000101 5018 0400 7bd3 0000
        data abcdabcd
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 002c 0009 2000 3f 06 4782 0a010001 0a000040
        tcp  03e8 1f90 00000002 00000101 5018 0400 1493 0000
        data abcdabcd
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "nat-fragments-tcp-later",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0020 0009 0003 40 06 aec0 0a010001 c000020a
        data abcd*6
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 0020 0009 0003 3f 06 678b 0a010001 0a000040
        data abcd*6
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "nat-fragments-tcp-reply-first",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 002c 000a 2000 40 06 4681 0a000040 0a010001
        tcp  1f90 03e8 00000101 00000012 5018 0400 eef6 0000
        data cafecafe
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 002c 000a 2000 3f 06 8fb6 c000020a 0a010001
        tcp  0085 03e8 00000101 00000012 5018 0400 5637 0000
        data cafecafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "nat-fragments-tcp-reply-later",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 0028 000a 0003 40 06 6682 0a000040 0a010001
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
        "nat6-fragments-tcp-syn",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0085 00000001 00000000 5002 0400 7ca9 0000
        """,
        """
        eth  020100000064 0200000000bb 86dd
        ip6  60000000 0014 06 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000064
        tcp  03e8 1f90 00000001 00000000 5002 0400 8e02 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "nat6-fragments-tcp-syn-ack",
        """
        eth  0200000000bb 020100000064 86dd
        ip6  60000000 0014 06 40
        addr fd000000000000000000000000000064 fd010000000000000000000000000001
        tcp  1f90 03e8 00000100 00000002 5012 0400 8cf1 0000
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 0014 06 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        tcp  0085 03e8 00000100 00000002 5012 0400 7b98 0000
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "nat6-fragments-tcp-first",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 0600000100000009
        tcp  03e8 0085 00000002 00000101 5018 0400 1d14 0000
        data abcdabcd
        """,
        """
        eth  020100000064 0200000000bb 86dd
        ip6  60000000 0020 2c 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000064
        frag 0600000100000009
        tcp  03e8 1f90 00000002 00000101 5018 0400 2e6d 0000
        data abcdabcd
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "nat6-fragments-tcp-later",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 0600001800000009
        data abcd*6
        """,
        """
        eth  020100000064 0200000000bb 86dd
        ip6  60000000 0014 2c 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000064
        frag 0600001800000009
        data abcd*6
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "nat6-fragments-tcp-reply-first",
        """
        eth  0200000000bb 020100000064 86dd
        ip6  60000000 0020 2c 40
        addr fd000000000000000000000000000064 fd010000000000000000000000000001
        frag 060000010000000a
        tcp  1f90 03e8 00000101 00000012 5018 0400 08d1 0000
        data cafecafe
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 0020 2c 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        frag 060000010000000a
        tcp  0085 03e8 00000101 00000012 5018 0400 f777 0000
        data cafecafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "nat6-fragments-tcp-reply-later",
        """
        eth  0200000000bb 020100000064 86dd
        ip6  60000000 001c 2c 40
        addr fd000000000000000000000000000064 fd010000000000000000000000000001
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
