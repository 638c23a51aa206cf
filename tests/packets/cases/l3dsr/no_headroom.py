# SPDX-License-Identifier: Apache-2.0
"""A driver that leaves no room in front of a frame, where something has to go there."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

SINGLES = [
    # an outer header
    Case(
        "no-headroom-4in4",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0065 00000001 00000000 5002 0400 db88 0000
        """,
        UNTOUCHED,
        "drop",
        "no-headroom",
    ),
    Case(
        "no-headroom-gue-6in6",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0066 00000001 00000000 5002 0400 7cc8 0000
        """,
        UNTOUCHED,
        "drop",
        "no-headroom",
    ),
    Case(
        "no-headroom-4in6",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0067 00000001 00000000 5002 0400 db86 0000
        """,
        UNTOUCHED,
        "drop",
        "no-headroom",
    ),
    # a tag
    Case(
        "no-headroom-tag",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 006e 00000001 00000000 5002 0400 db7f 0000
        """,
        UNTOUCHED,
        "drop",
        "no-headroom",
    ),
    # an ICMP header
    Case(
        "no-headroom-time-exceeded",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 01 06 adbd 0a010001 c000020a
        tcp  03e8 0064 00000001 00000000 5002 0400 db89 0000
        """,
        UNTOUCHED,
        "drop",
        "no-headroom",
    ),
    Case(
        "no-headroom-too-big",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 003d 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0036 003d d0df
        data 55*53
        """,
        UNTOUCHED,
        "drop",
        "no-headroom",
    ),
]
