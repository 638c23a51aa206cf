# SPDX-License-Identifier: Apache-2.0
"""Packet cases: every frame and every expected frame is written out in hexadecimal. Where they are:

- l2dsr, l3dsr, bridge, router, one_arm, nat: a room for each mode
- fragments, errors: of modes l2dsr and l3dsr; the other modes have theirs in their own rooms
- answers, refused: whatever the mode
- decap: the program of real servers
- probes: what leaves the balancer itself, and its answers

In a room, ipv4.py and ipv6.py come first; otherwise a 6 at the end of a name is IPv6, and "mixed" a
real server with an address of the other family. rooms.py finds the lists; services.py and
paired_services.py have the services, flows.py packets for tests of flows.

10.1.0.1 and fd01::1 (02:00:00:00:00:01) are the client, 192.0.2.10 and 2001:db8::10 the VIPs. The
balancer is 02:00:00:00:00:aa on in0 (10.0.0.1, fd00::1), where all frames but replies come in, and
02:00:00:00:00:bb on out0.
"""

from __future__ import annotations

from tests.packets.cases import rooms
from tests.packets.cases.case import UNTOUCHED, Case, wire
from tests.packets.cases.refused import admission
from tests.packets.cases.services import CONFIG, RESOLUTIONS

__all__ = ["CONFIG", "CONVERSATIONS", "RESOLUTIONS", "SINGLES", "UNTOUCHED", "Case", "wire"]

SINGLES = rooms.singles(rooms.DIRECT)
"""Each is the first packet that the program sees. (Modes in which replies come back: paired.py.)"""

RATES = [
    admission.SERVICE_RATE,
    admission.SOURCE_RATE,
    admission.SOURCE_RATE6,
]
"""Frames in order, and so fast that rates are exceeded."""

CONVERSATIONS = rooms.conversations(rooms.DIRECT)
"""Frames in order."""
