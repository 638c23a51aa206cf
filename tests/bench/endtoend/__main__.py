# SPDX-License-Identifier: Apache-2.0
"""Measure end to end, and print the table: ``python -m tests.bench.endtoend``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from dsrlb.errors import DsrlbError
from tests.bench.endtoend.figures import table
from tests.bench.endtoend.measuring import ROUNDS, measure
from tests.bench.endtoend.variants import VARIANTS


def _arguments() -> argparse.Namespace:
    names = [variant.name for variant in VARIANTS]
    parser = argparse.ArgumentParser(prog="python -m tests.bench.endtoend", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--variants", default=",".join(names), help="by commas")
    parser.add_argument("--json", type=Path, help="also write the rows there")
    arguments = parser.parse_args()
    wanted = arguments.variants.split(",")
    for name in wanted:
        if name not in names:
            parser.error(f"--variants: {name!r} is none of {', '.join(names)}")
    arguments.chosen = [variant for variant in VARIANTS if variant.name in wanted]
    return arguments


def main() -> int:
    """Measure the variants that are wanted."""
    arguments = _arguments()
    rows = list(measure(arguments.rounds, arguments.chosen))
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    for line in table(rows):
        print(line)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except DsrlbError as error:
        sys.exit(f"error: {error.message}")
