# SPDX-License-Identifier: Apache-2.0
"""What a demo leaves for people: report.html of each, and index.html of all.

Each page is one file: no script, nothing that is loaded from elsewhere.
"""

from __future__ import annotations

from lablib.pages.index import write_index
from lablib.pages.page import report

__all__ = ["report", "write_index"]
