# SPDX-License-Identifier: Apache-2.0
"""Mode bridge: requests to the real server, replies from the VIP, MACs and TTL kept."""

from __future__ import annotations

from tests.packets.cases.case import Case

TCP = [
    Case(
        "bridge-tcp-syn",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0082 00000001 00000000 5002 0400 db6b 0000
        """,
        """
        eth  02010a00003d 020000000001 0800
        ip   4500 0028 0007 4000 40 06 268b 0a010001 0a00003d
        tcp  03e8 1f90 00000001 00000000 5002 0400 742b 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge-tcp-syn-ack",
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 0028 0007 4000 40 06 268b 0a00003d 0a010001
        tcp  1f90 03e8 00000100 00000002 5012 0400 731a 0000
        """,
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        tcp  0082 03e8 00000100 00000002 5012 0400 da5a 0000
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "bridge-tcp-ack",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0082 00000002 00000101 5010 0400 da5b 0000
        """,
        """
        eth  02010a00003d 020000000001 0800
        ip   4500 0028 0007 4000 40 06 268b 0a010001 0a00003d
        tcp  03e8 1f90 00000002 00000101 5010 0400 731b 0000
        """,
        "redirect",
        "forwarded",
    ),
    # DSCP and ECN are kept, and padding
    Case(
        "bridge-tcp-data",
        """
        eth  0200000000aa 020000000001 0800
        ip   45bb 002f 0007 4000 40 06 6dfb 0a010001 c000020a
        tcp  03e8 0082 00000002 00000101 5018 0400 05da 0000
        data 474554202f0d0a
        pad  a5a5a5a5a5a5
        """,
        """
        eth  02010a00003d 020000000001 0800
        ip   45bb 002f 0007 4000 40 06 25c9 0a010001 0a00003d
        tcp  03e8 1f90 00000002 00000101 5018 0400 9e99 0000
        data 474554202f0d0a
        pad  a5a5a5a5a5a5
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge-tcp-reply-data",
        """
        eth  020000000001 02010a00003d 0800
        ip   45bb 0030 0007 4000 40 06 25c8 0a00003d 0a010001
        tcp  1f90 03e8 00000101 00000009 5018 0400 b45e 0000
        data 323030204f4b0d0a
        """,
        """
        eth  020000000001 02010a00003d 0800
        ip   45bb 0030 0007 4000 40 06 6dfa c000020a 0a010001
        tcp  0082 03e8 00000101 00000009 5018 0400 1b9f 0000
        data 323030204f4b0d0a
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "bridge-tcp-fin",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0082 00000009 00000109 5011 0400 da4b 0000
        """,
        """
        eth  02010a00003d 020000000001 0800
        ip   4500 0028 0007 4000 40 06 268b 0a010001 0a00003d
        tcp  03e8 1f90 00000009 00000109 5011 0400 730b 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge-tcp-reply-fin",
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 0028 0007 4000 40 06 268b 0a00003d 0a010001
        tcp  1f90 03e8 00000109 0000000a 5011 0400 730a 0000
        """,
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        tcp  0082 03e8 00000109 0000000a 5011 0400 da4a 0000
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "bridge-tcp-last-ack",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0082 0000000a 0000010a 5010 0400 da4a 0000
        """,
        """
        eth  02010a00003d 020000000001 0800
        ip   4500 0028 0007 4000 40 06 268b 0a010001 0a00003d
        tcp  03e8 1f90 0000000a 0000010a 5010 0400 730a 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge-tcp-reply-rst",
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 0028 0007 4000 40 06 268b 0a00003d 0a010001
        tcp  1f90 03e8 0000010a 00000000 5004 0400 7320 0000
        """,
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        tcp  0082 03e8 0000010a 00000000 5004 0400 da60 0000
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]

UDP = [
    Case(
        "bridge-udp-query",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0082 000a 8396
        data abcd
        """,
        """
        eth  02010a00003d 020000000001 0800
        ip   4500 001e 0007 4000 40 11 268a 0a010001 0a00003d
        udp  03e8 0082 000a 3b64
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge-udp-answer",
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 001f 0007 4000 40 11 2689 0a00003d 0a010001
        udp  0082 03e8 000b 1b31
        data cafe01
        """,
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 001f 0007 4000 40 11 6ebb c000020a 0a010001
        udp  0082 03e8 000b 6363
        data cafe01
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    Case(
        "bridge-udp-second-query",
        """
        eth  0200000000aa 020000000001 0800
        ip   45bb 001e 0007 4000 40 11 6e01 0a010001 c000020a
        udp  03e8 0082 000a 8395
        data abce
        """,
        """
        eth  02010a00003d 020000000001 0800
        ip   45bb 001e 0007 4000 40 11 25cf 0a010001 0a00003d
        udp  03e8 0082 000a 3b63
        data abce
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge-udp-second-answer",
        """
        eth  020000000001 02010a00003d 0800
        ip   45bb 001c 0007 4000 40 11 25d1 0a00003d 0a010001
        udp  0082 03e8 0008 e735
        pad  a5a5a5a5
        """,
        """
        eth  020000000001 02010a00003d 0800
        ip   45bb 001c 0007 4000 40 11 6e03 c000020a 0a010001
        udp  0082 03e8 0008 2f68
        pad  a5a5a5a5
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]
