# SPDX-License-Identifier: Apache-2.0
"""Modes l2dsr and l3dsr."""

from __future__ import annotations

from tests.packets.cases.case import Case

CASES = [
    Case(
        "probe-l2dsr",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c6120000 c612IIII
        tcp  9c40 0050 00000001 00000000 5002 0400 832c-I 0000
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0028 0007 4000 40 06 6ebe 0a000001 c000020a
        tcp  PPPP 0050 00000001 00000000 5002 0400 df86-P 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-l2dsr-answer",
        """
        eth  0200000000aa 02010a00000b 0800
        ip   4500 0028 0007 4000 40 06 6ebe c000020a 0a000001
        tcp  0050 PPPP 00000100 00000002 5012 0400 de75-P 0000
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c612IIII c6120000
        tcp  0050 9c40 00000100 00000002 5012 0400 821b-I 0000
        """,
        "redirect",
        "probe-answer",
    ),
    Case(
        "probe-l2dsr-other-interface",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c6120000 c612IIII
        tcp  9c40 0051 00000001 00000000 5002 0400 832b-I 0000
        """,
        """
        eth  02010a00000d 0200000000bb 0800
        ip   4500 0028 0007 4000 40 06 6ebe 0a000001 c000020a
        tcp  PPPP 0051 00000001 00000000 5002 0400 df85-P 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-l2dsr-other-interface-answer",
        """
        eth  0200000000bb 02010a00000d 0800
        ip   4500 0028 0007 4000 40 06 6ebe c000020a 0a000001
        tcp  0051 PPPP 00000100 00000002 5012 0400 de74-P 0000
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c612IIII c6120000
        tcp  0051 9c40 00000100 00000002 5012 0400 821a-I 0000
        """,
        "redirect",
        "probe-answer",
        "out0",
    ),
    Case(
        "probe-l2dsr-udp",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 001e 0007 4000 40 11 aea3-I c6120000 c612IIII
        udp  9c40 0035 000a 2b72-I
        data abcd
        """,
        """
        eth  02010a00000c 0200000000aa 0800
        ip   4500 001e 0007 4000 40 11 6ebd 0a000001 c000020a
        udp  PPPP 0035 000a 87cc-P
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-l2dsr-udp-answer",
        """
        eth  0200000000aa 02010a00000c 0800
        ip   4500 001e 0007 4000 40 11 6ebd c000020a 0a000001
        udp  0035 PPPP 000a 87cc-P
        data abcd
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 001e 0007 4000 40 11 aea3-I c612IIII c6120000
        udp  0035 9c40 000a 2b72-I
        data abcd
        """,
        "redirect",
        "probe-answer",
    ),
    Case(
        "probe-dscp",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c6120000 c612IIII
        tcp  9c40 0064 00000001 00000000 5002 0400 8318-I 0000
        """,
        """
        eth  02010a00001f 0200000000aa 0800
        ip   4530 0028 0007 4000 3f 06 277a 0a000001 0a00001f
        tcp  PPPP 0064 00000001 00000000 5002 0400 975e-P 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-dscp-answer",
        """
        eth  0200000000aa 02010a00001f 0800
        ip   4500 0028 0007 4000 40 06 6ebe c000020a 0a000001
        tcp  0064 PPPP 00000100 00000002 5012 0400 de61-P 0000
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c612IIII c6120000
        tcp  0064 9c40 00000100 00000002 5012 0400 8207-I 0000
        """,
        "redirect",
        "probe-answer",
    ),
    Case(
        "probe-dscp-tagged",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c6120000 c612IIII
        tcp  9c40 006e 00000001 00000000 5002 0400 830e-I 0000
        """,
        """
        eth  02010a000029 0200000000aa 8100 0014 0800
        ip   4530 0028 0007 4000 3f 06 2770 0a000001 0a000029
        tcp  PPPP 006e 00000001 00000000 5002 0400 974a-P 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-dscp-tagged-answer",
        """
        eth  0200000000aa 02010a000029 8100 0014 0800
        ip   4500 0028 0007 4000 40 06 6ebe c000020a 0a000001
        tcp  006e PPPP 00000100 00000002 5012 0400 de57-P 0000
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c612IIII c6120000
        tcp  006e 9c40 00000100 00000002 5012 0400 81fd-I 0000
        """,
        "redirect",
        "probe-answer",
    ),
    Case(
        "probe-ipip",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c6120000 c612IIII
        tcp  9c40 0065 00000001 00000000 5002 0400 8317-I 0000
        """,
        """
        eth  02010a000020 0200000000aa 0800
        oip  4500 003c 0000 4000 40 04 066a c6336401 0a000020
        ip   4500 0028 0007 4000 3f 06 6fbe 0a000001 c000020a
        tcp  PPPP 0065 00000001 00000000 5002 0400 df71-P 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-ipip-answer",
        """
        eth  0200000000aa 02010a000020 0800
        ip   4500 0028 0007 4000 40 06 6ebe c000020a 0a000001
        tcp  0065 PPPP 00000100 00000002 5012 0400 de60-P 0000
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c612IIII c6120000
        tcp  0065 9c40 00000100 00000002 5012 0400 8206-I 0000
        """,
        "redirect",
        "probe-answer",
    ),
    Case(
        "probe-ipip-4in6",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c6120000 c612IIII
        tcp  9c40 0067 00000001 00000000 5002 0400 8315-I 0000
        """,
        """
        eth  020100000034 0200000000aa 86dd
        oip6 600????? 0028 04 40
        addr 20010db8005100000000000000000001 fd000000000000000000000000000034
        ip   4500 0028 0007 4000 3f 06 6fbe 0a000001 c000020a
        tcp  PPPP 0067 00000001 00000000 5002 0400 df6f-P 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-ipip-4in6-answer",
        """
        eth  0200000000aa 020100000034 0800
        ip   4500 0028 0007 4000 40 06 6ebe c000020a 0a000001
        tcp  0067 PPPP 00000100 00000002 5012 0400 de5e-P 0000
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c612IIII c6120000
        tcp  0067 9c40 00000100 00000002 5012 0400 8204-I 0000
        """,
        "redirect",
        "probe-answer",
    ),
    Case(
        "probe-gue",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c6120000 c612IIII
        tcp  9c40 0066 00000001 00000000 5002 0400 8316-I 0000
        """,
        """
        eth  02010a000021 0200000000aa 0800
        oip  4500 0044 0000 4000 40 11 0654 c6336401 0a000021
        oudp S??? 17c0 0030 0000
        ip   4500 0028 0007 4000 3f 06 6fbe 0a000001 c000020a
        tcp  PPPP 0066 00000001 00000000 5002 0400 df70-P 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-gue-answer",
        """
        eth  0200000000aa 02010a000021 0800
        ip   4500 0028 0007 4000 40 06 6ebe c000020a 0a000001
        tcp  0066 PPPP 00000100 00000002 5012 0400 de5f-P 0000
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c612IIII c6120000
        tcp  0066 9c40 00000100 00000002 5012 0400 8205-I 0000
        """,
        "redirect",
        "probe-answer",
    ),
    Case(
        "probe-gue-4in6",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c6120000 c612IIII
        tcp  9c40 0068 00000001 00000000 5002 0400 8314-I 0000
        """,
        """
        eth  020100000035 0200000000aa 86dd
        oip6 600????? 0030 11 40
        addr 20010db8005100000000000000000001 fd000000000000000000000000000035
        oudp S??? 17c0 0030 0000
        ip   4500 0028 0007 4000 3f 06 6fbe 0a000001 c000020a
        tcp  PPPP 0068 00000001 00000000 5002 0400 df6e-P 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-gue-4in6-answer",
        """
        eth  0200000000aa 020100000035 0800
        ip   4500 0028 0007 4000 40 06 6ebe c000020a 0a000001
        tcp  0068 PPPP 00000100 00000002 5012 0400 de5d-P 0000
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c612IIII c6120000
        tcp  0068 9c40 00000100 00000002 5012 0400 8203-I 0000
        """,
        "redirect",
        "probe-answer",
    ),
]

SERVICES = {
    "probe-l2dsr": "web",
    "probe-l2dsr-other-interface": "far",
    "probe-l2dsr-udp": "dns",
    "probe-dscp": "dscp-tcp",
    "probe-dscp-tagged": "tagged-dscp-tcp",
    "probe-ipip": "ipip-tcp",
    "probe-ipip-4in6": "ipip-4in6-tcp",
    "probe-gue": "gue-tcp",
    "probe-gue-4in6": "gue-4in6-tcp",
}
"""Of each case: the service whose real server has the place IIII in reals[]."""
