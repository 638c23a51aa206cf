# SPDX-License-Identifier: Apache-2.0
"""IPv6 that is dropped for its destination or state, or left to the kernel."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

SINGLES = [
    Case(
        "ipv6-no-service-port",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 01bb 00000001 00000000 5002 0400 7b73 0000
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "ipv6-no-next-header",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0008 3b 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        data 0000000000000000
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "ipv6-no-service-icmpv4",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0008 01 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        data 0800f7ff00000000
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "ipv6-no-flow",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0050 00000001 00000000 5010 0400 7cd0 0000
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    Case(
        "ipv6-no-real",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0053 00000001 00000000 5002 0400 7cdb 0000
        """,
        UNTOUCHED,
        "drop",
        "no-real",
    ),
    Case(
        "ipv6-other-host",
        """
        eth  0200000000bb 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0050 00000001 00000000 5002 0400 7cde 0000
        """,
        UNTOUCHED,
        "pass",
        "other-host",
    ),
    Case(
        "ipv6-other-host-multicast",
        """
        eth  3333ff000010 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0050 00000001 00000000 5002 0400 7cde 0000
        """,
        UNTOUCHED,
        "pass",
        "other-host",
    ),
    Case(
        "ipv6-no-vip",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000011
        tcp  03e8 0050 00000001 00000000 5002 0400 7cdd 0000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "ipv6-vip-of-other-interface",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000099
        tcp  03e8 0050 00000001 00000000 5002 0400 7c55 0000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    # 2001:db8:1::80e3 has the filter bit of 2001:db8::10
    Case(
        "ipv6-same-filter-bit",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db80001000000000000000080e3
        tcp  03e8 0050 00000001 00000000 5002 0400 fc09 0000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "ipv6-router-advertisement",
        """
        eth  333300000001 020000000001 86dd
        ip6  60000000 0010 3a ff
        addr fe800000000000000000000000000001 ff020000000000000000000000000001
        icmp 8600 3527 40000708
        data 0000000000000000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    # ::ffff:192.0.2.10 is how the maps hold 192.0.2.10; on the wire it is nobody's
    Case(
        "ipv6-mapped-vip",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 00000000000000000000ffffc000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 e89c 0000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "ipv6-cut-in-destination",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db80000000000000000000000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
]
