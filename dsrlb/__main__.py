# SPDX-License-Identifier: Apache-2.0
"""``python -m dsrlb``."""

from dsrlb.cli.main import main

main()
