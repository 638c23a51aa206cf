# SPDX-License-Identifier: Apache-2.0
"""Checks of real servers: a process of its own (`python -m dsrlb.health`), child of the daemon.

It knows nothing of configurations and maps: `protocol` says what it is told and what it tells.
"""
