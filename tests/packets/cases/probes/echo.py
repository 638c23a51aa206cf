# SPDX-License-Identifier: Apache-2.0
"""ICMP echo: modes l2dsr and l3dsr."""

from __future__ import annotations

from tests.packets.cases.case import Case

CASES = [
    Case(
        "probe-echo-l2dsr",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c6120000 c612IIII
        icmp 0800 ca28 9c40 0001
        data 6162636465666768
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0024 0007 4000 40 01 6ec7 0a000001 c000020a
        icmp 0800 6669-P PPPP 0001
        data 6162636465666768
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-echo-l2dsr-answer",
        """
        eth  0200000000aa 02010a00000b 0800
        ip   4500 0024 0007 4000 40 01 6ec7 c000020a 0a000001
        icmp 0000 6e69-P PPPP 0001
        data 6162636465666768
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c612IIII c6120000
        icmp 0000 d228 9c40 0001
        data 6162636465666768
        """,
        "redirect",
        "probe-answer",
    ),
    Case(
        "probe-echo-dscp",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c6120000 c612IIII
        icmp 0800 ca28 9c40 0001
        data 6162636465666768
        """,
        """
        eth  02010a00001f 0200000000aa 0800
        ip   4530 0024 0007 4000 3f 01 2783 0a000001 0a00001f
        icmp 0800 6669-P PPPP 0001
        data 6162636465666768
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-echo-dscp-answer",
        """
        eth  0200000000aa 02010a00001f 0800
        ip   4500 0024 0007 4000 40 01 6ec7 c000020a 0a000001
        icmp 0000 6e69-P PPPP 0001
        data 6162636465666768
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c612IIII c6120000
        icmp 0000 d228 9c40 0001
        data 6162636465666768
        """,
        "redirect",
        "probe-answer",
    ),
    Case(
        "probe-echo-dscp-tagged",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c6120000 c612IIII
        icmp 0800 ca28 9c40 0001
        data 6162636465666768
        """,
        """
        eth  02010a000029 0200000000aa 8100 0014 0800
        ip   4530 0024 0007 4000 3f 01 2779 0a000001 0a000029
        icmp 0800 6669-P PPPP 0001
        data 6162636465666768
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-echo-dscp-tagged-answer",
        """
        eth  0200000000aa 02010a000029 8100 0014 0800
        ip   4500 0024 0007 4000 40 01 6ec7 c000020a 0a000001
        icmp 0000 6e69-P PPPP 0001
        data 6162636465666768
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c612IIII c6120000
        icmp 0000 d228 9c40 0001
        data 6162636465666768
        """,
        "redirect",
        "probe-answer",
    ),
    Case(
        "probe-echo-ipip",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c6120000 c612IIII
        icmp 0800 ca28 9c40 0001
        data 6162636465666768
        """,
        """
        eth  02010a000020 0200000000aa 0800
        oip  4500 0038 0000 4000 40 04 066e c6336401 0a000020
        ip   4500 0024 0007 4000 3f 01 6fc7 0a000001 c000020a
        icmp 0800 6669-P PPPP 0001
        data 6162636465666768
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-echo-ipip-answer",
        """
        eth  0200000000aa 02010a000020 0800
        ip   4500 0024 0007 4000 40 01 6ec7 c000020a 0a000001
        icmp 0000 6e69-P PPPP 0001
        data 6162636465666768
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c612IIII c6120000
        icmp 0000 d228 9c40 0001
        data 6162636465666768
        """,
        "redirect",
        "probe-answer",
    ),
    Case(
        "probe-echo-ipip-4in6",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c6120000 c612IIII
        icmp 0800 ca28 9c40 0001
        data 6162636465666768
        """,
        """
        eth  020100000034 0200000000aa 86dd
        oip6 600????? 0024 04 40
        addr 20010db8005100000000000000000001 fd000000000000000000000000000034
        ip   4500 0024 0007 4000 3f 01 6fc7 0a000001 c000020a
        icmp 0800 6669-P PPPP 0001
        data 6162636465666768
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-echo-ipip-4in6-answer",
        """
        eth  0200000000aa 020100000034 0800
        ip   4500 0024 0007 4000 40 01 6ec7 c000020a 0a000001
        icmp 0000 6e69-P PPPP 0001
        data 6162636465666768
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c612IIII c6120000
        icmp 0000 d228 9c40 0001
        data 6162636465666768
        """,
        "redirect",
        "probe-answer",
    ),
    Case(
        "probe-echo-gue",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c6120000 c612IIII
        icmp 0800 ca28 9c40 0001
        data 6162636465666768
        """,
        """
        eth  02010a000021 0200000000aa 0800
        oip  4500 0040 0000 4000 40 11 0658 c6336401 0a000021
        oudp S??? 17c0 002c 0000
        ip   4500 0024 0007 4000 3f 01 6fc7 0a000001 c000020a
        icmp 0800 6669-P PPPP 0001
        data 6162636465666768
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-echo-gue-answer",
        """
        eth  0200000000aa 02010a000021 0800
        ip   4500 0024 0007 4000 40 01 6ec7 c000020a 0a000001
        icmp 0000 6e69-P PPPP 0001
        data 6162636465666768
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c612IIII c6120000
        icmp 0000 d228 9c40 0001
        data 6162636465666768
        """,
        "redirect",
        "probe-answer",
    ),
    Case(
        "probe-echo-gue-4in6",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c6120000 c612IIII
        icmp 0800 ca28 9c40 0001
        data 6162636465666768
        """,
        """
        eth  020100000035 0200000000aa 86dd
        oip6 600????? 002c 11 40
        addr 20010db8005100000000000000000001 fd000000000000000000000000000035
        oudp S??? 17c0 002c 0000
        ip   4500 0024 0007 4000 3f 01 6fc7 0a000001 c000020a
        icmp 0800 6669-P PPPP 0001
        data 6162636465666768
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-echo-gue-4in6-answer",
        """
        eth  0200000000aa 020100000035 0800
        ip   4500 0024 0007 4000 40 01 6ec7 c000020a 0a000001
        icmp 0000 6e69-P PPPP 0001
        data 6162636465666768
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c612IIII c6120000
        icmp 0000 d228 9c40 0001
        data 6162636465666768
        """,
        "redirect",
        "probe-answer",
    ),
]

SERVICES = {
    "probe-echo-l2dsr": "web",
    "probe-echo-dscp": "dscp-tcp",
    "probe-echo-dscp-tagged": "tagged-dscp-tcp",
    "probe-echo-ipip": "ipip-tcp",
    "probe-echo-ipip-4in6": "ipip-4in6-tcp",
    "probe-echo-gue": "gue-tcp",
    "probe-echo-gue-4in6": "gue-4in6-tcp",
}
"""Of each case: the service whose real server has the place IIII in reals[]."""
