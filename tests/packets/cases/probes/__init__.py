# SPDX-License-Identifier: Apache-2.0
"""Probes: a packet of the balancer's own, then the answer to what it becomes; so in turn.

198.18.0.0 and fd00:d5:: probe, by the end 02:00:00:00:00:d5 of the veth pair. Real servers see
10.0.0.1 and fd00::1 instead.
"""
