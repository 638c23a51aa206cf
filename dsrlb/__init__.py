# SPDX-License-Identifier: Apache-2.0
"""dsrlb: a packet-level L4 load balancer for Linux."""

__version__ = "0.2.0"
