# SPDX-License-Identifier: Apache-2.0
"""Probes: real servers are asked as clients ask them.

Every real server has an address in the prefix of probes. What this host sends there becomes a
client's packet on its way out (ebpf/probe.h), so any program can be the one that asks.
"""
