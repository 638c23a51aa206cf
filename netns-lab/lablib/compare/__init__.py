# SPDX-License-Identifier: Apache-2.0
"""`lab compare`: all algorithms under the same load, on real servers of different speed.

``load`` is what clients do, ``reals`` how fast real servers are, ``clients`` and ``server`` the
processes; ``run`` lets them run, ``figures`` counts, ``page`` shows.
"""

from __future__ import annotations
