# SPDX-License-Identifier: Apache-2.0
"""The daemon's HTTP API on a Unix socket. Slow to import (FastAPI): the daemon does it last."""
