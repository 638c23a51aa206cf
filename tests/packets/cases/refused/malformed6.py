# SPDX-License-Identifier: Apache-2.0
"""IPv6 headers that lie, and TCP flags that no connection has."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

SINGLES = [
    Case(
        "ipv6-longer-than-frame",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0015 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0050 00000001 00000000 5002 0400 7cde 0000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    # jumbograms (RFC 2675) included
    Case(
        "ipv6-payload-0",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0000 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    # EtherType says 6
    Case(
        "ipv6-version-4",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  40000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0050 00000001 00000000 5002 0400 7cde 0000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    # 16 bytes of header in 12 bytes of payload
    Case(
        "ipv6-extension-beyond-packet",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000c 00 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        hbh  0601 050200000100
        data 00000000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "ipv6-extension-cut-short",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0004 00 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        hbh  0600 0502
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    # no TCP header behind it
    Case(
        "ipv6-extension-ends-the-packet",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0008 00 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        hbh  0600 050200000100
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    # 8 + 4 bytes of payload, and a SYN where the 16-byte header would end
    Case(
        "ipv6-extension-into-padding",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000c 00 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        hbh  0601 050200000100
        data 00000000
        pad  00000000
        pad  03e8 0050 00000001 00000000 5002 0400 7cde 0000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    # no fragment: half of its header is padding
    Case(
        "ipv6-fragment-header-cut-short",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0004 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 0600 0001
        pad  01020304
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "ipv6-extension-from-padding",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0004 00 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        hbh  0600 0502
        pad  00000100
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "ipv6-tcp-offset-4",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0050 00000001 00000000 4002 0400 8cde 0000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "ipv6-tcp-offset-beyond-packet",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0050 00000001 00000000 6002 0400 6cde 0000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "ipv6-udp-length-7",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0035 0007 0000
        data abcd
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "ipv6-udp-length-beyond-packet",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000a 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0035 000b 0000
        data abcd
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "ipv6-icmp-7-bytes",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0007 3a 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        icmp 8000 54f1 000000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "ipv6-icmp-7-bytes-in-long-frame",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0007 3a 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        icmp 8000 54f1 000000
        pad  000000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "ipv6-bad-flags",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0050 00000001 00000000 5003 0400 7cdd 0000
        """,
        UNTOUCHED,
        "drop",
        "bad-flags",
    ),
    Case(
        "ipv6-martian",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr 20010db8000000000000000000000010 20010db8000000000000000000000010
        tcp  03e8 0050 00000001 00000000 5002 0400 4c18 0000
        """,
        UNTOUCHED,
        "drop",
        "martian",
    ),
]
