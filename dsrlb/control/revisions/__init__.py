# SPDX-License-Identifier: Apache-2.0
"""Every accepted change: stored, shown, confirmed, taken back, saved elsewhere."""
