# SPDX-License-Identifier: Apache-2.0
"""The checks: each asks a real server once and calls back with what came of it."""
