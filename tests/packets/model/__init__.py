# SPDX-License-Identifier: Apache-2.0
"""A slow, obvious model of the fast path, written from the documented behaviour (docs/MODES.md,
docs/FLOWS.md).

It shares no code with the program or the control plane: frames are taken apart by slices.
"""

from tests.packets.model.balancer import Model
from tests.packets.model.types import Flow, Outcome, Real, Service

__all__ = ["Flow", "Model", "Outcome", "Real", "Service"]
