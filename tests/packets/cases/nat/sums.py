# SPDX-License-Identifier: Apache-2.0
"""Mode nat: UDP checksums that are 0, were 0, or would be."""

from __future__ import annotations

from tests.packets.cases.case import Case

UDP = [
    Case(
        "nat-sum-udp-query",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0085 000a 8393
        data abcd
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 001e 0007 4000 3f 11 2787 0a010001 0a000040
        udp  03e8 0085 000a 3b5e
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    # none was computed
    Case(
        "nat-sum-none",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0085 000a 0000
        data abcd
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 001e 0007 4000 3f 11 2787 0a010001 0a000040
        udp  03e8 0085 000a 0000
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "nat-sum-none-reply",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 001e 0007 4000 40 11 2687 0a000040 0a010001
        udp  0085 03e8 000a 0000
        data cafe
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 001e 0007 4000 3f 11 6fbc c000020a 0a010001
        udp  0085 03e8 000a 0000
        data cafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    # 0 is sent as ffff
    Case(
        "nat-sum-becomes-zero",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 001e 0007 4000 40 11 2687 0a000040 0a010001
        udp  0085 03e8 000a b7ca
        data 2f61
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 001e 0007 4000 3f 11 6fbc c000020a 0a010001
        udp  0085 03e8 000a ffff
        data 2f61
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "nat-sum-becomes-zero-request",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0085 000a 4835
        data e72b
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 001e 0007 4000 3f 11 2787 0a010001 0a000040
        udp  03e8 0085 000a ffff
        data e72b
        """,
        "redirect",
        "forwarded",
    ),
    # it comes as ffff
    Case(
        "nat-sum-was-zero",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 001e 0007 4000 40 11 2687 0a000040 0a010001
        udp  0085 03e8 000a ffff
        data e72b
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 001e 0007 4000 3f 11 6fbc c000020a 0a010001
        udp  0085 03e8 000a 4835
        data e72b
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "nat-sum-was-zero-request",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0085 000a ffff
        data 2f61
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 001e 0007 4000 3f 11 2787 0a010001 0a000040
        udp  03e8 0085 000a b7ca
        data 2f61
        """,
        "redirect",
        "forwarded",
    ),
]

UDP6 = [
    Case(
        "nat6-sum-udp-query",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0085 000a 24d4
        data abcd
        """,
        """
        eth  020100000064 0200000000bb 86dd
        ip6  60000000 000a 11 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000064
        udp  03e8 0085 000a 5538
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    # 0 is sent as ffff
    Case(
        "nat6-sum-becomes-zero",
        """
        eth  0200000000bb 020100000064 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000064 fd010000000000000000000000000001
        udp  0085 03e8 000a 3064
        data d0a1
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 000a 11 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  0085 03e8 000a ffff
        data d0a1
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "nat6-sum-becomes-zero-request",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0085 000a cf9b
        data 0106
        """,
        """
        eth  020100000064 0200000000bb 86dd
        ip6  60000000 000a 11 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000064
        udp  03e8 0085 000a ffff
        data 0106
        """,
        "redirect",
        "forwarded",
    ),
    # it comes as ffff
    Case(
        "nat6-sum-was-zero",
        """
        eth  0200000000bb 020100000064 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000064 fd010000000000000000000000000001
        udp  0085 03e8 000a ffff
        data 0106
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 000a 11 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  0085 03e8 000a cf9b
        data 0106
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "nat6-sum-was-zero-request",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0085 000a ffff
        data d0a1
        """,
        """
        eth  020100000064 0200000000bb 86dd
        ip6  60000000 000a 11 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000064
        udp  03e8 0085 000a 3064
        data d0a1
        """,
        "redirect",
        "forwarded",
    ),
]
