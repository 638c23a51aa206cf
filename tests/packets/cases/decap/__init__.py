# SPDX-License-Identifier: Apache-2.0
"""The decapsulation of a real server, which is a program of its own (test_decap.py)."""
