# SPDX-License-Identifier: Apache-2.0
"""What an operator sees beside the counters: events, and the doctor."""
