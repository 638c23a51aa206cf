# SPDX-License-Identifier: Apache-2.0
"""Mode l2dsr: new MAC addresses, nothing else. Its fragments are in ../fragments, the ICMP errors
about its flows in ../errors.

TCP to port 80 and UDP to port 53; ports 81 and 54 are behind out0, whose MTU is 100
(../services.py).
"""
