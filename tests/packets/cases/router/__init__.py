# SPDX-License-Identifier: Apache-2.0
"""Mode router, requests and replies.

Ports 131 and 151 of the VIPs are 10.0.0.62 and fd00::62 (TCP: their port 8080), behind out0. Port
141 is 10.0.0.66 and fd00::66 (UDP: port 5353), in VLAN 20 on in0 (../paired_services.py).
"""
