# SPDX-License-Identifier: Apache-2.0
"""What the maps hold: places in them, records, the order of writes, and whether it is still so."""
