# SPDX-License-Identifier: Apache-2.0
"""IPv4 headers that lie, and TCP flags that no connection has."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

MALFORMED = [
    # four bytes earlier there are 20 that look like a SYN, too
    Case(
        "ipv4-header-length-16",
        """
        eth  0200000000aa 020000000001 0800
        ip   4400 0028 0007 4000 40 06 6fbd 0a010001 c000020a
        tcp  03e8 0050 00000001 50020400 5002 0400 879b 0000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    # 60 bytes of header in 40 bytes of packet
    Case(
        "ipv4-header-longer-than-packet",
        """
        eth  0200000000aa 020000000001 0800
        ip   4f00 0028 0007 4000 40 06 64bd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "ipv4-longer-than-frame",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0029 0007 4000 40 06 6ebc 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "ipv4-shorter-than-header",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0013 0007 4000 40 06 6ed2 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    # EtherType says 4
    Case(
        "ipv4-version-6",
        """
        eth  0200000000aa 020000000001 0800
        ip   6500 0028 0007 4000 40 06 4ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    # the destination is known, so the balancer answers for it
    Case(
        "ipv4-cut-behind-addresses",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "ipv4-tcp-19-bytes",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0027 0007 4000 40 06 6ebe 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 00
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    # padding is no TCP header
    Case(
        "ipv4-tcp-19-bytes-in-long-frame",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0027 0007 4000 40 06 6ebe 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 00
        pad  00000000000000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "ipv4-tcp-offset-4",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 4002 0400 eb9d 0000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "ipv4-tcp-offset-beyond-packet",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 6002 0400 cb9d 0000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "ipv4-udp-7-bytes",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001b 0007 4000 40 11 6ebf 0a010001 c000020a
        udp  03e8 0035 0008 2f
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "ipv4-udp-length-7",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0035 0007 0000
        data abcd
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "ipv4-udp-length-beyond-packet",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0035 000b 0000
        data abcd
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "ipv4-icmp-7-bytes",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001b 0007 4000 40 01 6ecf 0a010001 c000020a
        icmp 0800 f7ff 000000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "ipv4-icmp-7-bytes-in-long-frame",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001b 0007 4000 40 01 6ecf 0a010001 c000020a
        icmp 0800 f7ff 000000
        pad  00000000000000000000000000000000000000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
    Case(
        "ipv4-udp-7-bytes-in-long-frame",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001b 0007 4000 40 11 6ebf 0a010001 c000020a
        udp  03e8 0035 0008 2f
        pad  00000000000000000000000000000000000000
        """,
        UNTOUCHED,
        "drop",
        "malformed",
    ),
]

FLAGS = [
    Case(
        "ipv4-no-flags",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5000 0400 db9f 0000
        """,
        UNTOUCHED,
        "drop",
        "bad-flags",
    ),
    Case(
        "ipv4-fin-alone",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5001 0400 db9e 0000
        """,
        UNTOUCHED,
        "drop",
        "bad-flags",
    ),
    Case(
        "ipv4-syn-fin",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5003 0400 db9c 0000
        """,
        UNTOUCHED,
        "drop",
        "bad-flags",
    ),
    Case(
        "ipv4-syn-rst",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5006 0400 db99 0000
        """,
        UNTOUCHED,
        "drop",
        "bad-flags",
    ),
    # FIN, PSH, URG
    Case(
        "ipv4-xmas",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5029 0400 db76 0000
        """,
        UNTOUCHED,
        "drop",
        "bad-flags",
    ),
    Case(
        "ipv4-syn-fin-ack",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5013 0400 db8c 0000
        """,
        UNTOUCHED,
        "drop",
        "bad-flags",
    ),
    Case(
        "ipv4-psh-alone",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5008 0400 db97 0000
        """,
        UNTOUCHED,
        "drop",
        "bad-flags",
    ),
]
