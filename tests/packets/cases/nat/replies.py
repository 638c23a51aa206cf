# SPDX-License-Identifier: Apache-2.0
"""Mode nat: replies, and what is none."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

REPLIES = [
    Case(
        "nat-refused-udp-query",
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
    Case(
        "nat-reply-other-host",
        """
        eth  020000000099 02010a000040 0800
        ip   4500 001e 0007 4000 40 11 2687 0a000040 0a010001
        udp  0085 03e8 000a 1c2d
        data cafe
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    Case(
        "nat-reply-cut-short",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 001e 0007 4000 40 11 2687 0a000040 0a010001
        data 0085 03e8 000a
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    # of other ports
    Case(
        "nat-reply-of-others",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 001e 0007 4000 40 11 2687 0a000040 0a010001
        udp  0009 0009 000a 2088
        data cafe
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    Case(
        "nat-reply-right",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 001e 0007 4000 40 11 2687 0a000040 0a010001
        udp  0085 03e8 000a 1c2d
        data cafe
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 001e 0007 4000 3f 11 6fbc c000020a 0a010001
        udp  0085 03e8 000a 6462
        data cafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]

REPLIES6 = [
    Case(
        "nat6-refused-udp-query",
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
    Case(
        "nat6-reply-other-host",
        """
        eth  020000000099 020100000064 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000064 fd010000000000000000000000000001
        udp  0085 03e8 000a 3607
        data cafe
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    Case(
        "nat6-reply-cut-short",
        """
        eth  0200000000bb 020100000064 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000064 fd010000000000000000000000000001
        data 0085 03e8 000a
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    # of other ports
    Case(
        "nat6-reply-of-others",
        """
        eth  0200000000bb 020100000064 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000064 fd010000000000000000000000000001
        udp  0009 0009 000a 3a62
        data cafe
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    Case(
        "nat6-reply-right",
        """
        eth  0200000000bb 020100000064 86dd
        ip6  60000000 000a 11 40
        addr fd000000000000000000000000000064 fd010000000000000000000000000001
        udp  0085 03e8 000a 3607
        data cafe
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 000a 11 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        udp  0085 03e8 000a 05a3
        data cafe
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]
