# SPDX-License-Identifier: Apache-2.0
"""What the balancer answers in a VIP's name, and what looks like it and is not answered."""
