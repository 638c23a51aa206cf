# SPDX-License-Identifier: Apache-2.0
"""Mode router: UDP checksums that are 0, were 0, or would be."""

from __future__ import annotations

from tests.packets.cases.case import Case

UDP = [
    Case(
        "router-sum-udp-query",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0083 000a 8395
        data abcd
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 001e 0007 4000 3f 11 2789 0a010001 0a00003e
        udp  03e8 0083 000a 3b62
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    # none was computed
    Case(
        "router-sum-none",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0083 000a 0000
        data abcd
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 001e 0007 4000 3f 11 2789 0a010001 0a00003e
        udp  03e8 0083 000a 0000
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "router-sum-none-reply",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 001e 0007 4000 40 11 2689 0a00003e 0a010001
        udp  0083 03e8 000a 0000
        data cafe
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 001e 0007 4000 3f 11 6fbc c000020a 0a010001
        udp  0083 03e8 000a 0000
        data cafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    # 0 is sent as ffff
    Case(
        "router-sum-becomes-zero",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 001e 0007 4000 40 11 2689 0a00003e 0a010001
        udp  0083 03e8 000a b7cc
        data 2f63
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 001e 0007 4000 3f 11 6fbc c000020a 0a010001
        udp  0083 03e8 000a ffff
        data 2f63
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "router-sum-becomes-zero-request",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0083 000a 4833
        data e72f
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 001e 0007 4000 3f 11 2789 0a010001 0a00003e
        udp  03e8 0083 000a ffff
        data e72f
        """,
        "redirect",
        "forwarded",
    ),
    # it comes as ffff
    Case(
        "router-sum-was-zero",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 001e 0007 4000 40 11 2689 0a00003e 0a010001
        udp  0083 03e8 000a ffff
        data e72f
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 001e 0007 4000 3f 11 6fbc c000020a 0a010001
        udp  0083 03e8 000a 4833
        data e72f
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "router-sum-was-zero-request",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0083 000a ffff
        data 2f63
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 001e 0007 4000 3f 11 2789 0a010001 0a00003e
        udp  03e8 0083 000a b7cc
        data 2f63
        """,
        "redirect",
        "forwarded",
    ),
]

UDP6 = [
    Case(
        "router6-sum-udp-query",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0083 000a 24d6
        data abcd
        """,
        """
        eth  020100000062 0200000000bb 86dd
        ip6  60000000 000a 11 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000062
        udp  03e8 0083 000a 553c
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    # 0 is sent as ffff
    Case(
        "router6-sum-becomes-zero",
        """
        eth  0200000000bb 020100000062 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000062 fd010000000000000000000000000001
        udp  0083 03e8 000a 3066
        data d0a3
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 000a 11 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  0083 03e8 000a ffff
        data d0a3
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "router6-sum-becomes-zero-request",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0083 000a cf99
        data 010a
        """,
        """
        eth  020100000062 0200000000bb 86dd
        ip6  60000000 000a 11 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000062
        udp  03e8 0083 000a ffff
        data 010a
        """,
        "redirect",
        "forwarded",
    ),
    # it comes as ffff
    Case(
        "router6-sum-was-zero",
        """
        eth  0200000000bb 020100000062 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000062 fd010000000000000000000000000001
        udp  0083 03e8 000a ffff
        data 010a
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 000a 11 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  0083 03e8 000a cf99
        data 010a
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "router6-sum-was-zero-request",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0083 000a ffff
        data d0a3
        """,
        """
        eth  020100000062 0200000000bb 86dd
        ip6  60000000 000a 11 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000062
        udp  03e8 0083 000a 3066
        data d0a3
        """,
        "redirect",
        "forwarded",
    ),
]
