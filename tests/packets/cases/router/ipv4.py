# SPDX-License-Identifier: Apache-2.0
"""Mode router: requests to the real server, replies from the VIP, both routed."""

from __future__ import annotations

from tests.packets.cases.case import Case

TCP = [
    Case(
        "router-tcp-syn",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0083 00000001 00000000 5002 0400 db6a 0000
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 0028 0007 4000 3f 06 278a 0a010001 0a00003e
        tcp  03e8 1f90 00000001 00000000 5002 0400 742a 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "router-tcp-syn-ack",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 0028 0007 4000 40 06 268a 0a00003e 0a010001
        tcp  1f90 03e8 00000100 00000002 5012 0400 7319 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 6fbd c000020a 0a010001
        tcp  0083 03e8 00000100 00000002 5012 0400 da59 0000
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "router-tcp-ack",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0083 00000002 00000101 5010 0400 da5a 0000
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 0028 0007 4000 3f 06 278a 0a010001 0a00003e
        tcp  03e8 1f90 00000002 00000101 5010 0400 731a 0000
        """,
        "redirect",
        "forwarded",
    ),
    # DSCP and ECN are kept, and padding
    Case(
        "router-tcp-data",
        """
        eth  0200000000aa 020000000001 0800
        ip   45bb 002f 0007 4000 40 06 6dfb 0a010001 c000020a
        tcp  03e8 0083 00000002 00000101 5018 0400 05d9 0000
        data 474554202f0d0a
        pad  a5a5a5a5a5a5
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   45bb 002f 0007 4000 3f 06 26c8 0a010001 0a00003e
        tcp  03e8 1f90 00000002 00000101 5018 0400 9e98 0000
        data 474554202f0d0a
        pad  a5a5a5a5a5a5
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "router-tcp-reply-data",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   45bb 0030 0007 4000 40 06 25c7 0a00003e 0a010001
        tcp  1f90 03e8 00000101 00000009 5018 0400 b45d 0000
        data 323030204f4b0d0a
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   45bb 0030 0007 4000 3f 06 6efa c000020a 0a010001
        tcp  0083 03e8 00000101 00000009 5018 0400 1b9e 0000
        data 323030204f4b0d0a
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "router-tcp-fin",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0083 00000009 00000109 5011 0400 da4a 0000
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 0028 0007 4000 3f 06 278a 0a010001 0a00003e
        tcp  03e8 1f90 00000009 00000109 5011 0400 730a 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "router-tcp-reply-fin",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 0028 0007 4000 40 06 268a 0a00003e 0a010001
        tcp  1f90 03e8 00000109 0000000a 5011 0400 7309 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 6fbd c000020a 0a010001
        tcp  0083 03e8 00000109 0000000a 5011 0400 da49 0000
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "router-tcp-last-ack",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0083 0000000a 0000010a 5010 0400 da49 0000
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 0028 0007 4000 3f 06 278a 0a010001 0a00003e
        tcp  03e8 1f90 0000000a 0000010a 5010 0400 7309 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "router-tcp-reply-rst",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 0028 0007 4000 40 06 268a 0a00003e 0a010001
        tcp  1f90 03e8 0000010a 00000000 5004 0400 731f 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 6fbd c000020a 0a010001
        tcp  0083 03e8 0000010a 00000000 5004 0400 da5f 0000
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]

UDP = [
    Case(
        "router-udp-query",
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
        "router-udp-answer",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 001f 0007 4000 40 11 2688 0a00003e 0a010001
        udp  0083 03e8 000b 1b2f
        data cafe01
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 001f 0007 4000 3f 11 6fbb c000020a 0a010001
        udp  0083 03e8 000b 6362
        data cafe01
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "router-udp-second-query",
        """
        eth  0200000000aa 020000000001 0800
        ip   45bb 001e 0007 4000 40 11 6e01 0a010001 c000020a
        udp  03e8 0083 000a 8394
        data abce
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   45bb 001e 0007 4000 3f 11 26ce 0a010001 0a00003e
        udp  03e8 0083 000a 3b61
        data abce
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "router-udp-second-answer",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   45bb 001c 0007 4000 40 11 25d0 0a00003e 0a010001
        udp  0083 03e8 0008 e733
        pad  a5a5a5a5
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   45bb 001c 0007 4000 3f 11 6f03 c000020a 0a010001
        udp  0083 03e8 0008 2f67
        pad  a5a5a5a5
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]
