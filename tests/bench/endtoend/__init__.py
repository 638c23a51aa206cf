# SPDX-License-Identifier: Apache-2.0
"""End to end: dsrlb's modes beside plain forwarding, nft DNAT and HAProxy, in one network.

Every variant gets the same load from the same clients, and sends to the same ten real servers.
"""

from tests.bench.endtoend.figures import markdown, table
from tests.bench.endtoend.measuring import ROUNDS, measure

__all__ = ["ROUNDS", "markdown", "measure", "table"]
