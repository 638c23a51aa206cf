# SPDX-License-Identifier: Apache-2.0
"""Prepare the host that this runs on as a real server, look whether it is one, and take it back."""

from dsrlb.realserver.manage import MODES, Outcome, check, setup, undo
from dsrlb.realserver.pieces import Piece
from dsrlb.realserver.steps import Command, Step, Sysctl

__all__ = ["MODES", "Command", "Outcome", "Piece", "Step", "Sysctl", "check", "setup", "undo"]
