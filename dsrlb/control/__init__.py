# SPDX-License-Identifier: Apache-2.0
"""The daemon: desired state, plan, apply, MAC table, saved state."""
