# SPDX-License-Identifier: Apache-2.0
"""The flow tables, seen from the control plane: housekeeping, counts, and rows for who asks."""
