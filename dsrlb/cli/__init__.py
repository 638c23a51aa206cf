# SPDX-License-Identifier: Apache-2.0
"""The command line: a client of the daemon's API, and the way to start it."""
