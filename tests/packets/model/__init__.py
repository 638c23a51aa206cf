# SPDX-License-Identifier: Apache-2.0
"""A slow, obvious model of the fast path, written from the documented behaviour (docs/MODES.md,
docs/FLOWS.md).

It shares no code with the program or the control plane: frames are taken apart by slices. Each
method is a function in methods.py.
"""

from tests.packets.model.balancer import Model
from tests.packets.model.types import Flow, FlowKey, Free, Link, Outcome, Packet, Real, Service

__all__ = ["Flow", "FlowKey", "Free", "Link", "Model", "Outcome", "Packet", "Real", "Service"]
