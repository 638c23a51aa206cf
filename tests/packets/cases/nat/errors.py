# SPDX-License-Identifier: Apache-2.0
"""Mode nat: ICMP errors in both directions."""

from __future__ import annotations

from tests.packets.cases.case import Case

TCP = [
    Case(
        "nat-error-tcp-syn",
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
        "nat-error-tcp-syn-ack",
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
    # about a reply: from a router, with 8 bytes of it
    Case(
        "nat-error-to-vip-tcp-8",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6ea8 0a030009 c000020a
        icmp 0304 f279 00000514
        ip   4500 0030 0007 4000 3c 06 72b5 c000020a 0a010001
        data 0085 03e8 0000 0101
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 0038 0007 4000 3f 01 2773 0a030009 0a000040
        icmp 0304 d36e 00000514
        ip   4500 0030 0007 4000 3c 06 2a80 0a000040 0a010001
        data 1f90 03e8 0000 0101
        """,
        "redirect",
        "forwarded",
    ),
    # from the client itself, with all of it
    Case(
        "nat-error-to-vip-tcp-whole",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 004c 0007 4000 40 01 6e9e 0a010001 c000020a
        icmp 0301 c92d 00000000
        ip   4500 0030 0007 4000 3c 06 72b5 c000020a 0a010001
        tcp  0085 03e8 00000101 00000009 5018 0400 1b9c 0000
        data 323030204f4b0d0a
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 004c 0007 4000 3f 01 2769 0a010001 0a000040
        icmp 0301 1163 00000000
        ip   4500 0030 0007 4000 3c 06 2a80 0a000040 0a010001
        tcp  1f90 03e8 00000101 00000009 5018 0400 b45b 0000
        data 323030204f4b0d0a
        """,
        "redirect",
        "forwarded",
    ),
    # about a request: from a router, with 8 bytes of it
    Case(
        "nat-error-to-client-tcp-8",
        """
        eth  0200000000bb 020000000009 0800
        ip   4500 0038 0007 4000 40 01 1db4 0a000909 0a010001
        icmp 0b00 d185 00000000
        ip   4500 002f 0007 4000 3c 06 2a81 0a010001 0a000040
        data 03e8 1f90 0000 0002
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0038 0007 4000 3f 01 1eb4 0a000909 0a010001
        icmp 0b00 f090 00000000
        ip   4500 002f 0007 4000 3c 06 72b6 0a010001 c000020a
        data 03e8 0085 0000 0002
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    # from the real server, with all of it
    Case(
        "nat-error-to-client-tcp-whole",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 004b 0007 4000 40 01 266a 0a000040 0a010001
        icmp 0301 1162 00000000
        ip   4500 002f 0007 4000 3c 06 2a81 0a010001 0a000040
        tcp  03e8 1f90 00000002 00000101 5018 0400 9e96 0000
        data 474554202f0d0a
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 004b 0007 4000 3f 01 6f9f c000020a 0a010001
        icmp 0301 c92c 00000000
        ip   4500 002f 0007 4000 3c 06 72b6 0a010001 c000020a
        tcp  03e8 0085 00000002 00000101 5018 0400 05d7 0000
        data 474554202f0d0a
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]

UDP = [
    Case(
        "nat-error-udp-query",
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
    # its checksum is in the 8 bytes
    Case(
        "nat-error-to-vip-udp-8",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6eb2 0a010001 c000020a
        icmp 0303 9524 00000000
        ip   4500 001f 0007 4000 3c 11 72bb c000020a 0a010001
        udp  0085 03e8 000b 6360
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 0038 0007 4000 3f 01 277d 0a010001 0a000040
        icmp 0303 dd59 00000000
        ip   4500 001f 0007 4000 3c 11 2a86 0a000040 0a010001
        udp  0085 03e8 000b 1b2b
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "nat-error-to-client-udp-whole",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 003a 0007 4000 40 01 267b 0a000040 0a010001
        icmp 0303 115a 00000000
        ip   4500 001e 0007 4000 3c 11 2a87 0a010001 0a000040
        udp  03e8 0085 000a 3b5e
        data abcd
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 003a 0007 4000 3f 01 6fb0 c000020a 0a010001
        icmp 0303 c924 00000000
        ip   4500 001e 0007 4000 3c 11 72bc 0a010001 c000020a
        udp  03e8 0085 000a 8393
        data abcd
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "nat-error-to-client-udp-8",
        """
        eth  0200000000bb 020000000009 0800
        ip   4500 0038 0007 4000 40 01 1db4 0a000909 0a010001
        icmp 0304 b812 00000514
        ip   4500 001e 0007 4000 3c 11 2a87 0a010001 0a000040
        udp  03e8 0085 000a 3b5e
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0038 0007 4000 3f 01 1eb4 0a000909 0a010001
        icmp 0304 6fdd 00000514
        ip   4500 001e 0007 4000 3c 11 72bc 0a010001 c000020a
        udp  03e8 0085 000a 8393
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    # none was computed
    Case(
        "nat-error-to-client-udp-no-checksum",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 0038 0007 4000 40 01 267d 0a000040 0a010001
        icmp 0303 f885 00000000
        ip   4500 001e 0007 4000 3c 11 2a87 0a010001 0a000040
        udp  03e8 0085 000a 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0038 0007 4000 3f 01 6fb2 c000020a 0a010001
        icmp 0303 f885 00000000
        ip   4500 001e 0007 4000 3c 11 72bc 0a010001 c000020a
        udp  03e8 0085 000a 0000
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]
