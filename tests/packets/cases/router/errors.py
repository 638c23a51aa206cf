# SPDX-License-Identifier: Apache-2.0
"""Mode router: ICMP errors in both directions."""

from __future__ import annotations

from tests.packets.cases.case import Case

TCP = [
    Case(
        "router-error-tcp-syn",
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
        "router-error-tcp-syn-ack",
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
    # about a reply: from a router, with 8 bytes of it
    Case(
        "router-error-to-vip-tcp-8",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6ea8 0a030009 c000020a
        icmp 0304 f27b 00000514
        ip   4500 0030 0007 4000 3c 06 72b5 c000020a 0a010001
        data 0083 03e8 0000 0101
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 0038 0007 4000 3f 01 2775 0a030009 0a00003e
        icmp 0304 d36e 00000514
        ip   4500 0030 0007 4000 3c 06 2a82 0a00003e 0a010001
        data 1f90 03e8 0000 0101
        """,
        "redirect",
        "forwarded",
    ),
    # from the client itself, with all of it
    Case(
        "router-error-to-vip-tcp-whole",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 004c 0007 4000 40 01 6e9e 0a010001 c000020a
        icmp 0301 c92d 00000000
        ip   4500 0030 0007 4000 3c 06 72b5 c000020a 0a010001
        tcp  0083 03e8 00000101 00000009 5018 0400 1b9e 0000
        data 323030204f4b0d0a
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 004c 0007 4000 3f 01 276b 0a010001 0a00003e
        icmp 0301 1161 00000000
        ip   4500 0030 0007 4000 3c 06 2a82 0a00003e 0a010001
        tcp  1f90 03e8 00000101 00000009 5018 0400 b45d 0000
        data 323030204f4b0d0a
        """,
        "redirect",
        "forwarded",
    ),
    # about a request: from a router, with 8 bytes of it
    Case(
        "router-error-to-client-tcp-8",
        """
        eth  0200000000bb 020000000009 0800
        ip   4500 0038 0007 4000 40 01 1db4 0a000909 0a010001
        icmp 0b00 d185 00000000
        ip   4500 002f 0007 4000 3c 06 2a83 0a010001 0a00003e
        data 03e8 1f90 0000 0002
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0038 0007 4000 3f 01 1eb4 0a000909 0a010001
        icmp 0b00 f092 00000000
        ip   4500 002f 0007 4000 3c 06 72b6 0a010001 c000020a
        data 03e8 0083 0000 0002
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    # from the real server, with all of it
    Case(
        "router-error-to-client-tcp-whole",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 004b 0007 4000 40 01 266c 0a00003e 0a010001
        icmp 0301 1160 00000000
        ip   4500 002f 0007 4000 3c 06 2a83 0a010001 0a00003e
        tcp  03e8 1f90 00000002 00000101 5018 0400 9e98 0000
        data 474554202f0d0a
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 004b 0007 4000 3f 01 6f9f c000020a 0a010001
        icmp 0301 c92c 00000000
        ip   4500 002f 0007 4000 3c 06 72b6 0a010001 c000020a
        tcp  03e8 0083 00000002 00000101 5018 0400 05d9 0000
        data 474554202f0d0a
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]

UDP = [
    Case(
        "router-error-udp-query",
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
    # its checksum is in the 8 bytes
    Case(
        "router-error-to-vip-udp-8",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6eb2 0a010001 c000020a
        icmp 0303 9524 00000000
        ip   4500 001f 0007 4000 3c 11 72bb c000020a 0a010001
        udp  0083 03e8 000b 6362
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 0038 0007 4000 3f 01 277f 0a010001 0a00003e
        icmp 0303 dd57 00000000
        ip   4500 001f 0007 4000 3c 11 2a88 0a00003e 0a010001
        udp  0083 03e8 000b 1b2f
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "router-error-to-client-udp-whole",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 003a 0007 4000 40 01 267d 0a00003e 0a010001
        icmp 0303 1158 00000000
        ip   4500 001e 0007 4000 3c 11 2a89 0a010001 0a00003e
        udp  03e8 0083 000a 3b62
        data abcd
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 003a 0007 4000 3f 01 6fb0 c000020a 0a010001
        icmp 0303 c924 00000000
        ip   4500 001e 0007 4000 3c 11 72bc 0a010001 c000020a
        udp  03e8 0083 000a 8395
        data abcd
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "router-error-to-client-udp-8",
        """
        eth  0200000000bb 020000000009 0800
        ip   4500 0038 0007 4000 40 01 1db4 0a000909 0a010001
        icmp 0304 b810 00000514
        ip   4500 001e 0007 4000 3c 11 2a89 0a010001 0a00003e
        udp  03e8 0083 000a 3b62
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0038 0007 4000 3f 01 1eb4 0a000909 0a010001
        icmp 0304 6fdd 00000514
        ip   4500 001e 0007 4000 3c 11 72bc 0a010001 c000020a
        udp  03e8 0083 000a 8395
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    # none was computed
    Case(
        "router-error-to-client-udp-no-checksum",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 0038 0007 4000 40 01 267f 0a00003e 0a010001
        icmp 0303 f887 00000000
        ip   4500 001e 0007 4000 3c 11 2a89 0a010001 0a00003e
        udp  03e8 0083 000a 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0038 0007 4000 3f 01 6fb2 c000020a 0a010001
        icmp 0303 f887 00000000
        ip   4500 001e 0007 4000 3c 11 72bc 0a010001 c000020a
        udp  03e8 0083 000a 0000
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]
