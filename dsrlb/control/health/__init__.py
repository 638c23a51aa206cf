# SPDX-License-Identifier: Apache-2.0
"""Which real servers may have new flows, as far as checks, operators and time say."""
