# SPDX-License-Identifier: Apache-2.0
"""Mode one-arm: UDP checksums that are 0, were 0, or would be."""

from __future__ import annotations

from tests.packets.cases.case import Case

UDP = [
    Case(
        "one-arm-sum-udp-query",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0084 000a 8394
        data abcd
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   4500 001e 0007 4000 3f 11 074f c6336407 0a00003f
        udp  PPPP 0084 000a 1f0f-P
        data abcd
        """,
        "tx",
        "forwarded",
    ),
    # none was computed
    Case(
        "one-arm-sum-none",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0084 000a 0000
        data abcd
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   4500 001e 0007 4000 3f 11 074f c6336407 0a00003f
        udp  PPPP 0084 000a 0000
        data abcd
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-arm-sum-none-reply",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 001e 0007 4000 40 11 064f 0a00003f c6336407
        udp  0084 PPPP 000a 0000
        data cafe
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 001e 0007 4000 3f 11 6fbc c000020a 0a010001
        udp  0084 03e8 000a 0000
        data cafe
        """,
        "tx",
        "forwarded-reply",
    ),
    # 0 is sent as ffff
    Case(
        "one-arm-sum-becomes-zero",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 001e 0007 4000 40 11 064f 0a00003f c6336407
        udp  0084 PPPP 000a 9b7a-P
        data 2f62
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 001e 0007 4000 3f 11 6fbc c000020a 0a010001
        udp  0084 03e8 000a ffff
        data 2f62
        """,
        "tx",
        "forwarded-reply",
    ),
    Case(
        "one-arm-sum-was-zero-request",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0084 000a ffff
        data 2f62
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   4500 001e 0007 4000 3f 11 074f c6336407 0a00003f
        udp  PPPP 0084 000a 9b7a-P
        data 2f62
        """,
        "tx",
        "forwarded",
    ),
]

UDP6 = [
    Case(
        "one-arm6-sum-udp-query",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0084 000a 24d5
        data abcd
        """,
        """
        eth  020100000063 0200000000aa 86dd
        ip6  60000000 000a 11 3f
        addr 20010db8005100000000000000000007 fd000000000000000000000000000063
        udp  PPPP 0084 000a 2814-P
        data abcd
        """,
        "tx",
        "forwarded",
    ),
    # 0 is sent as ffff
    Case(
        "one-arm6-sum-becomes-zero",
        """
        eth  0200000000aa 020100000063 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000063 20010db8005100000000000000000007
        udp  0084 PPPP 000a 033f-P
        data d0a2
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 000a 11 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  0084 03e8 000a ffff
        data d0a2
        """,
        "tx",
        "forwarded-reply",
    ),
    Case(
        "one-arm6-sum-was-zero-request",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0084 000a ffff
        data d0a2
        """,
        """
        eth  020100000063 0200000000aa 86dd
        ip6  60000000 000a 11 3f
        addr 20010db8005100000000000000000007 fd000000000000000000000000000063
        udp  PPPP 0084 000a 033f-P
        data d0a2
        """,
        "tx",
        "forwarded",
    ),
]
