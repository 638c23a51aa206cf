# SPDX-License-Identifier: Apache-2.0
"""Mode one-arm: replies, and what is none."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

REPLIES = [
    Case(
        "one-arm-refused-udp-query",
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
    Case(
        "one-arm-reply-other-host",
        """
        eth  020000000099 02010a00003f 0800
        ip   4500 001e 0007 4000 40 11 064f 0a00003f c6336407
        udp  0084 PPPP 000a ffdd-P
        data cafe
        """,
        UNTOUCHED,
        "pass",
        "other-host",
    ),
    Case(
        "one-arm-reply-cut-short",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 001e 0007 4000 40 11 064f 0a00003f c6336407
        data 0084 PPPP 000a
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    # of other ports
    Case(
        "one-arm-reply-of-others",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 001e 0007 4000 40 11 064f 0a00003f c6336407
        udp  0009 0009 000a 0050
        data cafe
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    Case(
        "one-arm-reply-right",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 001e 0007 4000 40 11 064f 0a00003f c6336407
        udp  0084 PPPP 000a ffdd-P
        data cafe
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 001e 0007 4000 3f 11 6fbc c000020a 0a010001
        udp  0084 03e8 000a 6463
        data cafe
        """,
        "tx",
        "forwarded-reply",
    ),
]

REPLIES6 = [
    Case(
        "one-arm6-refused-udp-query",
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
    Case(
        "one-arm6-reply-other-host",
        """
        eth  020000000099 020100000063 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000063 20010db8005100000000000000000007
        udp  0084 PPPP 000a 08e3-P
        data cafe
        """,
        UNTOUCHED,
        "pass",
        "other-host",
    ),
    Case(
        "one-arm6-reply-cut-short",
        """
        eth  0200000000aa 020100000063 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000063 20010db8005100000000000000000007
        data 0084 PPPP 000a
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    # of other ports
    Case(
        "one-arm6-reply-of-others",
        """
        eth  0200000000aa 020100000063 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000063 20010db8005100000000000000000007
        udp  0009 0009 000a 0955
        data cafe
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    Case(
        "one-arm6-reply-right",
        """
        eth  0200000000aa 020100000063 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000063 20010db8005100000000000000000007
        udp  0084 PPPP 000a 08e3-P
        data cafe
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 000a 11 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  0084 03e8 000a 05a4
        data cafe
        """,
        "tx",
        "forwarded-reply",
    ),
]
