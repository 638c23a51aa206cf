# SPDX-License-Identifier: Apache-2.0
"""Mode nat: requests to the real server's address and port, replies from the VIP's."""

from __future__ import annotations

from tests.packets.cases.case import Case

TCP = [
    Case(
        "nat-tcp-syn",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0085 00000001 00000000 5002 0400 db68 0000
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 0028 0007 4000 3f 06 2788 0a010001 0a000040
        tcp  03e8 1f90 00000001 00000000 5002 0400 7428 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "nat-tcp-syn-ack",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 0028 0007 4000 40 06 2688 0a000040 0a010001
        tcp  1f90 03e8 00000100 00000002 5012 0400 7317 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 6fbd c000020a 0a010001
        tcp  0085 03e8 00000100 00000002 5012 0400 da57 0000
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "nat-tcp-ack",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0085 00000002 00000101 5010 0400 da58 0000
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 0028 0007 4000 3f 06 2788 0a010001 0a000040
        tcp  03e8 1f90 00000002 00000101 5010 0400 7318 0000
        """,
        "redirect",
        "forwarded",
    ),
    # DSCP and ECN are kept, and padding
    Case(
        "nat-tcp-data",
        """
        eth  0200000000aa 020000000001 0800
        ip   45bb 002f 0007 4000 40 06 6dfb 0a010001 c000020a
        tcp  03e8 0085 00000002 00000101 5018 0400 05d7 0000
        data 474554202f0d0a
        pad  a5a5a5a5a5a5
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   45bb 002f 0007 4000 3f 06 26c6 0a010001 0a000040
        tcp  03e8 1f90 00000002 00000101 5018 0400 9e96 0000
        data 474554202f0d0a
        pad  a5a5a5a5a5a5
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "nat-tcp-reply-data",
        """
        eth  0200000000bb 02010a000040 0800
        ip   45bb 0030 0007 4000 40 06 25c5 0a000040 0a010001
        tcp  1f90 03e8 00000101 00000009 5018 0400 b45b 0000
        data 323030204f4b0d0a
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   45bb 0030 0007 4000 3f 06 6efa c000020a 0a010001
        tcp  0085 03e8 00000101 00000009 5018 0400 1b9c 0000
        data 323030204f4b0d0a
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "nat-tcp-fin",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0085 00000009 00000109 5011 0400 da48 0000
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 0028 0007 4000 3f 06 2788 0a010001 0a000040
        tcp  03e8 1f90 00000009 00000109 5011 0400 7308 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "nat-tcp-reply-fin",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 0028 0007 4000 40 06 2688 0a000040 0a010001
        tcp  1f90 03e8 00000109 0000000a 5011 0400 7307 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 6fbd c000020a 0a010001
        tcp  0085 03e8 00000109 0000000a 5011 0400 da47 0000
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "nat-tcp-last-ack",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0085 0000000a 0000010a 5010 0400 da47 0000
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 0028 0007 4000 3f 06 2788 0a010001 0a000040
        tcp  03e8 1f90 0000000a 0000010a 5010 0400 7307 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "nat-tcp-reply-rst",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 0028 0007 4000 40 06 2688 0a000040 0a010001
        tcp  1f90 03e8 0000010a 00000000 5004 0400 731d 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 6fbd c000020a 0a010001
        tcp  0085 03e8 0000010a 00000000 5004 0400 da5d 0000
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]

UDP = [
    Case(
        "nat-udp-query",
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
        "nat-udp-answer",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 001f 0007 4000 40 11 2686 0a000040 0a010001
        udp  0085 03e8 000b 1b2b
        data cafe01
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 001f 0007 4000 3f 11 6fbb c000020a 0a010001
        udp  0085 03e8 000b 6360
        data cafe01
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "nat-udp-second-query",
        """
        eth  0200000000aa 020000000001 0800
        ip   45bb 001e 0007 4000 40 11 6e01 0a010001 c000020a
        udp  03e8 0085 000a 8392
        data abce
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   45bb 001e 0007 4000 3f 11 26cc 0a010001 0a000040
        udp  03e8 0085 000a 3b5d
        data abce
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "nat-udp-second-answer",
        """
        eth  0200000000bb 02010a000040 0800
        ip   45bb 001c 0007 4000 40 11 25ce 0a000040 0a010001
        udp  0085 03e8 0008 e72f
        pad  a5a5a5a5
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   45bb 001c 0007 4000 3f 11 6f03 c000020a 0a010001
        udp  0085 03e8 0008 2f65
        pad  a5a5a5a5
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]
