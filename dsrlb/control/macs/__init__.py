# SPDX-License-Identifier: Apache-2.0
"""Where real servers are: routes, neighbours, bridge ports, and what the segment is told."""
