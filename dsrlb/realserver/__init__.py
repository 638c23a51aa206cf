# SPDX-License-Identifier: Apache-2.0
"""Prepare the host that this runs on as a real server, look whether it is one, and take it back."""

from dsrlb.realserver.manage import Outcome, check, setup
from dsrlb.realserver.pieces import Piece
from dsrlb.realserver.request import GUE_PORT, L3DSR, METHODS, TRANSLATED, Request
from dsrlb.realserver.steps import Command, Step, Sysctl
from dsrlb.realserver.undo import undo

__all__ = [
    "GUE_PORT",
    "L3DSR",
    "METHODS",
    "TRANSLATED",
    "Command",
    "Outcome",
    "Piece",
    "Request",
    "Step",
    "Sysctl",
    "check",
    "setup",
    "undo",
]
