# SPDX-License-Identifier: Apache-2.0
"""Mode bridge: UDP checksums that are 0, were 0, or would be."""

from __future__ import annotations

from tests.packets.cases.case import Case

UDP = [
    Case(
        "bridge-sum-udp-query",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0082 000a 8396
        data abcd
        """,
        """
        eth  02010a00003d 020000000001 0800
        ip   4500 001e 0007 4000 40 11 268a 0a010001 0a00003d
        udp  03e8 0082 000a 3b64
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    # none was computed
    Case(
        "bridge-sum-none",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0082 000a 0000
        data abcd
        """,
        """
        eth  02010a00003d 020000000001 0800
        ip   4500 001e 0007 4000 40 11 268a 0a010001 0a00003d
        udp  03e8 0082 000a 0000
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge-sum-none-reply",
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 001e 0007 4000 40 11 268a 0a00003d 0a010001
        udp  0082 03e8 000a 0000
        data cafe
        """,
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 001e 0007 4000 40 11 6ebc c000020a 0a010001
        udp  0082 03e8 000a 0000
        data cafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    # 0 is sent as ffff
    Case(
        "bridge-sum-becomes-zero",
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 001e 0007 4000 40 11 268a 0a00003d 0a010001
        udp  0082 03e8 000a b7cd
        data 2f64
        """,
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 001e 0007 4000 40 11 6ebc c000020a 0a010001
        udp  0082 03e8 000a ffff
        data 2f64
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "bridge-sum-becomes-zero-request",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0082 000a 4832
        data e731
        """,
        """
        eth  02010a00003d 020000000001 0800
        ip   4500 001e 0007 4000 40 11 268a 0a010001 0a00003d
        udp  03e8 0082 000a ffff
        data e731
        """,
        "redirect",
        "forwarded",
    ),
    # it comes as ffff
    Case(
        "bridge-sum-was-zero",
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 001e 0007 4000 40 11 268a 0a00003d 0a010001
        udp  0082 03e8 000a ffff
        data e731
        """,
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 001e 0007 4000 40 11 6ebc c000020a 0a010001
        udp  0082 03e8 000a 4832
        data e731
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "bridge-sum-was-zero-request",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0082 000a ffff
        data 2f64
        """,
        """
        eth  02010a00003d 020000000001 0800
        ip   4500 001e 0007 4000 40 11 268a 0a010001 0a00003d
        udp  03e8 0082 000a b7cd
        data 2f64
        """,
        "redirect",
        "forwarded",
    ),
]

UDP6 = [
    Case(
        "bridge6-sum-udp-query",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0082 000a 24d7
        data abcd
        """,
        """
        eth  020100000061 020000000001 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 fd000000000000000000000000000061
        udp  03e8 0082 000a 553e
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    # 0 is sent as ffff
    Case(
        "bridge6-sum-becomes-zero",
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000061 fd010000000000000000000000000001
        udp  0082 03e8 000a 3067
        data d0a4
        """,
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 000a 11 40
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  0082 03e8 000a ffff
        data d0a4
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "bridge6-sum-becomes-zero-request",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0082 000a cf98
        data 010c
        """,
        """
        eth  020100000061 020000000001 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 fd000000000000000000000000000061
        udp  03e8 0082 000a ffff
        data 010c
        """,
        "redirect",
        "forwarded",
    ),
    # it comes as ffff
    Case(
        "bridge6-sum-was-zero",
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000061 fd010000000000000000000000000001
        udp  0082 03e8 000a ffff
        data 010c
        """,
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 000a 11 40
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  0082 03e8 000a cf98
        data 010c
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "bridge6-sum-was-zero-request",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0082 000a ffff
        data d0a4
        """,
        """
        eth  020100000061 020000000001 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 fd000000000000000000000000000061
        udp  03e8 0082 000a 3067
        data d0a4
        """,
        "redirect",
        "forwarded",
    ),
]
