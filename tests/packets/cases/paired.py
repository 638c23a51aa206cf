# SPDX-License-Identifier: Apache-2.0
"""The cases of modes bridge, router, one-arm and nat (their services: paired_services.py).

in0 is 10.0.0.1 and fd00::1, out0 is 10.0.9.1 and has no IPv6 address. The pool of mode one-arm is
198.51.100.7 and 2001:db8:51::7.
"""

from __future__ import annotations

from tests.packets.cases import rooms

SINGLES = rooms.singles(rooms.PAIRED)
"""Each is the first packet that the program sees."""

CONVERSATIONS = rooms.conversations(rooms.PAIRED)
"""Frames in order."""

ALL = rooms.every(rooms.PAIRED)
"""With those that have tests of their own."""
