# SPDX-License-Identifier: Apache-2.0
"""Fragments of IPv6 out of order, twice, and of what was not forwarded."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

CONVERSATION = [
    # before the first one
    Case(
        "fragments6-middle-early",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100 0019 01020007
        data abcd*12
        """,
        UNTOUCHED,
        "drop",
        "fragment-early",
    ),
    Case(
        "fragments6-last-early",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100 0030 01020007
        data abcd*8
        """,
        UNTOUCHED,
        "drop",
        "fragment-early",
    ),
    Case(
        "fragments6-first-late",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100 0001 01020007
        udp  03e8 0035 0040 0607
        data abcd*8
        """,
        """
        eth  020100000012 0200000000aa 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100 0001 01020007
        udp  03e8 0035 0040 0607
        data abcd*8
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "fragments6-middle-again",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100 0019 01020007
        data abcd*12
        """,
        """
        eth  020100000012 0200000000aa 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100 0019 01020007
        data abcd*12
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "fragments6-other-id",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100 0030 01020008
        data abcd*8
        """,
        UNTOUCHED,
        "drop",
        "fragment-early",
    ),
    Case(
        "fragments6-other-source",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000002 20010db8000000000000000000000010
        frag 1100 0030 01020007
        data abcd*8
        """,
        UNTOUCHED,
        "drop",
        "fragment-early",
    ),
    # in IPv6 source, destination and identification make a packet (RFC 8200, 4.5)
    Case(
        "fragments6-other-protocol",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 0600 0030 01020007
        data abcd*8
        """,
        """
        eth  020100000012 0200000000aa 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 0600 0030 01020007
        data abcd*8
        """,
        "tx",
        "forwarded",
    ),
    # overlaps the other first one, and is of another flow
    Case(
        "fragments6-first-twice",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100 0001 01020007
        udp  03e8 0064 0040 05d8
        data abcd*8
        """,
        """
        eth  020100000031 0200000000aa 86dd
        ip6  63000000 0020 2c 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000031
        frag 1100 0001 01020007
        udp  03e8 0064 0040 366f
        data abcd*8
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "fragments6-last-of-the-second",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100 0030 01020007
        data abcd*8
        """,
        """
        eth  020100000031 0200000000aa 86dd
        ip6  63000000 0018 2c 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000031
        frag 1100 0030 01020007
        data abcd*8
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "fragments6-first-to-no-service",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100 0001 01020009
        udp  03e8 0063 0040 05d9
        data abcd*8
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "fragments6-last-of-no-service",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100 0030 01020009
        data abcd*8
        """,
        UNTOUCHED,
        "drop",
        "fragment-early",
    ),
]
