# SPDX-License-Identifier: Apache-2.0
"""What the maps should hold, from the configuration, the host and the MAC table. Pure: no I/O."""
