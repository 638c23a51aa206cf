# SPDX-License-Identifier: Apache-2.0
"""Mode router: replies, and what is none."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

REPLIES = [
    Case(
        "router-refused-udp-query",
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
    Case(
        "router-reply-other-host",
        """
        eth  020000000099 02010a00003e 0800
        ip   4500 001e 0007 4000 40 11 2689 0a00003e 0a010001
        udp  0083 03e8 000a 1c31
        data cafe
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    Case(
        "router-reply-cut-short",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 001e 0007 4000 40 11 2689 0a00003e 0a010001
        data 0083 03e8 000a
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    # of other ports
    Case(
        "router-reply-of-others",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 001e 0007 4000 40 11 2689 0a00003e 0a010001
        udp  0009 0009 000a 208a
        data cafe
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    Case(
        "router-reply-right",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 001e 0007 4000 40 11 2689 0a00003e 0a010001
        udp  0083 03e8 000a 1c31
        data cafe
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 001e 0007 4000 3f 11 6fbc c000020a 0a010001
        udp  0083 03e8 000a 6464
        data cafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]

REPLIES6 = [
    Case(
        "router6-refused-udp-query",
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
    Case(
        "router6-reply-other-host",
        """
        eth  020000000099 020100000062 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000062 fd010000000000000000000000000001
        udp  0083 03e8 000a 360b
        data cafe
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    Case(
        "router6-reply-cut-short",
        """
        eth  0200000000bb 020100000062 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000062 fd010000000000000000000000000001
        data 0083 03e8 000a
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    # of other ports
    Case(
        "router6-reply-of-others",
        """
        eth  0200000000bb 020100000062 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000062 fd010000000000000000000000000001
        udp  0009 0009 000a 3a64
        data cafe
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    Case(
        "router6-reply-right",
        """
        eth  0200000000bb 020100000062 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000062 fd010000000000000000000000000001
        udp  0083 03e8 000a 360b
        data cafe
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 000a 11 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  0083 03e8 000a 05a5
        data cafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]
