# SPDX-License-Identifier: Apache-2.0
"""Packets that do not fit, and those that just do, IPv4: MTU 100, less what is put in front."""

from __future__ import annotations

from tests.packets.cases.case import Case

SINGLES = [
    # 100 bytes, which is what fits
    Case(
        "fits-dscp",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0064 0007 4000 40 11 6e76 0a010001 c000020a
        udp  03e8 0078 0050 2ee2
        data 55*72
        """,
        """
        eth  02010a000033 0200000000aa 0800
        ip   4530 0064 0007 4000 3f 11 271e 0a010001 0a000033
        udp  03e8 0078 0050 e6b9
        data 55*72
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "too-big-dscp",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0065 0007 4000 40 11 6e75 0a010001 c000020a
        udp  03e8 0078 0051 d9df
        data 55*73
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   45c0 0080 0000 0000 40 01 adb1 c000020a 0a010001
        icmp 0304 1e07 00000064
        ip   4500 0065 0007 4000 40 11 6e75 0a010001 c000020a
        udp  03e8 0078 0051 d9df
        data 55*72
        """,
        "tx",
        "answered-too-big",
    ),
    # 80 bytes, which is what fits
    Case(
        "fits-4in4",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0050 0007 4000 40 11 6e8a 0a010001 c000020a
        udp  03e8 0079 003c 845e
        data 55*52
        """,
        """
        eth  02010a000034 0200000000aa 0800
        oip  4500 0064 0000 4000 40 04 062e c6336401 0a000034
        ip   4500 0050 0007 4000 3f 11 6f8a 0a010001 c000020a
        udp  03e8 0079 003c 845e
        data 55*52
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "too-big-4in4",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0051 0007 4000 40 11 6e89 0a010001 c000020a
        udp  03e8 0079 003d 2f5c
        data 55*53
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   45c0 006c 0000 0000 40 01 adc5 c000020a 0a010001
        icmp 0304 1e07 00000050
        ip   4500 0051 0007 4000 40 11 6e89 0a010001 c000020a
        udp  03e8 0079 003d 2f5c
        data 55*52
        """,
        "tx",
        "answered-too-big",
    ),
    # 72 bytes, which is what fits
    Case(
        "fits-gue-4in4",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0048 0007 4000 40 11 6e92 0a010001 c000020a
        udp  03e8 007a 0034 d9c2
        data 55*44
        """,
        """
        eth  02010a000035 0200000000aa 0800
        oip  4500 0064 0000 4000 40 11 0620 c6336401 0a000035
        oudp S??? 17c0 0050 0000
        ip   4500 0048 0007 4000 3f 11 6f92 0a010001 c000020a
        udp  03e8 007a 0034 d9c2
        data 55*44
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "too-big-gue-4in4",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0049 0007 4000 40 11 6e91 0a010001 c000020a
        udp  03e8 007a 0035 84c0
        data 55*45
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   45c0 0064 0000 0000 40 01 adcd c000020a 0a010001
        icmp 0304 1e07 00000048
        ip   4500 0049 0007 4000 40 11 6e91 0a010001 c000020a
        udp  03e8 007a 0035 84c0
        data 55*44
        """,
        "tx",
        "answered-too-big",
    ),
    # the balancer does not fragment
    Case(
        "too-big-df-clear",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 0800
        ip   4500 0051 0007 0000 40 11 ae89 0a010001 c000020a
        udp  03e8 0079 003d 2f5c
        data 55*53
        pad  a5*3
        """,
        """
        eth  020000000001 0200000000aa 8100
        tag  6064 0800
        ip   45c0 006c 0000 0000 40 01 adc5 c000020a 0a010001
        icmp 0304 1e07 00000050
        ip   4500 0051 0007 0000 40 11 ae89 0a010001 c000020a
        udp  03e8 0079 003d 2f5c
        data 55*52
        """,
        "tx",
        "answered-too-big",
    ),
    # 548 bytes of it, so that the answer has 576
    Case(
        "too-big-548-bytes",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 05c9 0007 4000 40 11 6911 0a010001 c000020a
        udp  03e8 0065 05b5 cf2a
        data 55*1453
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   45c0 0240 0000 0000 40 01 abf1 c000020a 0a010001
        icmp 0304 735c 000005c8
        ip   4500 05c9 0007 4000 40 11 6911 0a010001 c000020a
        udp  03e8 0065 05b5 cf2a
        data 55*520
        """,
        "tx",
        "answered-too-big",
    ),
    Case(
        "too-big-and-expired",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0051 0007 4000 01 11 ad89 0a010001 c000020a
        udp  03e8 0079 003d 2f5c
        data 55*53
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   45c0 006c 0000 0000 40 01 65cf 0a000001 0a010001
        icmp 0b00 165b 00000000
        ip   4500 0051 0007 4000 01 11 ad89 0a010001 c000020a
        udp  03e8 0079 003d 2f5c
        data 55*52
        """,
        "tx",
        "answered-time-exceeded",
    ),
    Case(
        "too-big-first-fragment",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0054 0007 2000 40 11 8e86 0a010001 c000020a
        udp  03e8 0079 0100 0000
        data 55*56
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   45c0 0070 0000 0000 40 01 adc1 c000020a 0a010001
        icmp 0304 a1f5 00000050
        ip   4500 0054 0007 2000 40 11 8e86 0a010001 c000020a
        udp  03e8 0079 0100 0000
        data 55*56
        """,
        "tx",
        "answered-too-big",
    ),
]
