# SPDX-License-Identifier: Apache-2.0
"""A whole network out of namespaces, and demos that check every frame that crosses it.

``Lab(topology)`` is a running network; ``lab.up()`` builds it, ``lab.down()`` removes whatever is
left of it, also of one that another process left half-built.
"""

from __future__ import annotations

from lablib.lab import Lab
from lablib.shell import LabError, wait_until
from lablib.topofile import load
from lablib.topology import Node, Topology

__all__ = ["Lab", "LabError", "Node", "Topology", "load", "wait_until"]
