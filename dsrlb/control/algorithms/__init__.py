# SPDX-License-Identifier: Apache-2.0
"""Which real server gets which new flow, as tables that the fast path reads."""
