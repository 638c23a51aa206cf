# SPDX-License-Identifier: Apache-2.0
"""Fragments in modes l2dsr and l3dsr; a list has the name of its mode or method. Those of the other
modes are in the rooms of these (bridge/fragments.py, ...)."""
