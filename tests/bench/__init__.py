# SPDX-License-Identifier: Apache-2.0
"""`make bench`: what the fast path costs, as ratios to a floor program in the same run."""
