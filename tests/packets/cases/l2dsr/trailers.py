# SPDX-License-Identifier: Apache-2.0
"""What a redirect to another interface takes: MTU (100 here) + 18 bytes of frame."""

from __future__ import annotations

from tests.packets.cases.case import Case

SINGLES = [
    # what goes out of another interface may have one tag more than the MTU; this has two
    Case(
        "ipv4-two-tags-mtu-equal",
        """
        eth  0200000000aa 020000000001 88a8
        tag  b00a 8100
        tag  1064 0800
        ip   4500 0060 0007 4000 40 11 6e7a 0a010001 c000020a
        udp  03e8 0036 004c d9d6
        data 55*68
        """,
        """
        eth  02010a00000d 0200000000bb 88a8
        tag  b00a 8100
        tag  1064 0800
        ip   4500 0060 0007 4000 40 11 6e7a 0a010001 c000020a
        udp  03e8 0036 004c d9d6
        data 55*68
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "ipv4-two-tags-mtu-exceeded",
        """
        eth  0200000000aa 020000000001 88a8
        tag  b00a 8100
        tag  1064 0800
        ip   4500 0061 0007 4000 40 11 6e79 0a010001 c000020a
        udp  03e8 0036 004d 84d4
        data 55*69
        """,
        """
        eth  020000000001 0200000000aa 88a8
        tag  b00a 8100
        tag  1064 0800
        ip   45c0 007c 0000 0000 40 01 adb5 c000020a 0a010001
        icmp 0304 1e07 00000060
        ip   4500 0061 0007 4000 40 11 6e79 0a010001 c000020a
        udp  03e8 0036 004d 84d4
        data 55*68
        """,
        "tx",
        "answered-too-big",
    ),
    Case(
        "ipv6-two-tags-mtu-equal",
        """
        eth  0200000000aa 020000000001 88a8
        tag  b00a 8100
        tag  1064 86dd
        ip6  60000000 0038 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0036 0038 d094
        data 55*48
        """,
        """
        eth  020100000013 0200000000bb 88a8
        tag  b00a 8100
        tag  1064 86dd
        ip6  60000000 0038 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0036 0038 d094
        data 55*48
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "ipv6-two-tags-mtu-exceeded",
        """
        eth  0200000000aa 020000000001 88a8
        tag  b00a 8100
        tag  1064 86dd
        ip6  60000000 0039 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0036 0039 7b92
        data 55*49
        """,
        """
        eth  020000000001 0200000000aa 88a8
        tag  b00a 8100
        tag  1064 86dd
        ip6  60000000 0068 3a 40
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        icmp 0200 b162 00000500
        ip6  60000000 0039 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0036 0039 7b92
        data 55*48
        """,
        "tx",
        "answered-too-big",
    ),
    # 14 + 96 + 8 bytes; MTU + 18
    Case(
        "ipv4-trailer-equal",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0060 0007 4000 40 11 6e7a 0a010001 c000020a
        udp  03e8 0036 004c d9d6
        data 55*68
        pad  a5*8
        """,
        """
        eth  02010a00000d 0200000000bb 0800
        ip   4500 0060 0007 4000 40 11 6e7a 0a010001 c000020a
        udp  03e8 0036 004c d9d6
        data 55*68
        pad  a5*8
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "ipv4-trailer-exceeded",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0060 0007 4000 40 11 6e7a 0a010001 c000020a
        udp  03e8 0036 004c d9d6
        data 55*68
        pad  a5*9
        """,
        """
        eth  02010a00000d 0200000000bb 0800
        ip   4500 0060 0007 4000 40 11 6e7a 0a010001 c000020a
        udp  03e8 0036 004c d9d6
        data 55*68
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "ipv6-trailer-exceeded",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 86dd
        ip6  60000000 0014 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0036 0014 d0dc
        data 55*12
        pad  a5*41
        """,
        """
        eth  020100000013 0200000000bb 8100
        tag  6064 86dd
        ip6  60000000 0014 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0036 0014 d0dc
        data 55*12
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "ipv6-trailer-equal",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 86dd
        ip6  60000000 0014 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0036 0014 d0dc
        data 55*12
        pad  a5*40
        """,
        """
        eth  020100000013 0200000000bb 8100
        tag  6064 86dd
        ip6  60000000 0014 11 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        udp  03e8 0036 0014 d0dc
        data 55*12
        pad  a5*40
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "ipv4-two-tags-trailer-equal",
        """
        eth  0200000000aa 020000000001 88a8
        tag  b00a 8100
        tag  1064 0800
        ip   4500 005a 0007 4000 40 11 6e80 0a010001 c000020a
        udp  03e8 0036 0046 d9e2
        data 55*62
        pad  a5*6
        """,
        """
        eth  02010a00000d 0200000000bb 88a8
        tag  b00a 8100
        tag  1064 0800
        ip   4500 005a 0007 4000 40 11 6e80 0a010001 c000020a
        udp  03e8 0036 0046 d9e2
        data 55*62
        pad  a5*6
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "ipv4-two-tags-trailer-exceeded",
        """
        eth  0200000000aa 020000000001 88a8
        tag  b00a 8100
        tag  1064 0800
        ip   4500 005a 0007 4000 40 11 6e80 0a010001 c000020a
        udp  03e8 0036 0046 d9e2
        data 55*62
        pad  a5*7
        """,
        """
        eth  02010a00000d 0200000000bb 88a8
        tag  b00a 8100
        tag  1064 0800
        ip   4500 005a 0007 4000 40 11 6e80 0a010001 c000020a
        udp  03e8 0036 0046 d9e2
        data 55*62
        """,
        "redirect",
        "forwarded",
    ),
    # XDP_TX has no such limit
    Case(
        "ipv4-trailer-same-interface",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0060 0007 4000 40 11 6e7a 0a010001 c000020a
        udp  03e8 0035 004c d9d7
        data 55*68
        pad  a5*60
        """,
        """
        eth  02010a00000c 0200000000aa 0800
        ip   4500 0060 0007 4000 40 11 6e7a 0a010001 c000020a
        udp  03e8 0035 004c d9d7
        data 55*68
        pad  a5*60
        """,
        "tx",
        "forwarded",
    ),
]
