# SPDX-License-Identifier: Apache-2.0
"""Mode bridge, requests and replies.

Ports 130 and 150 of the VIPs are 10.0.0.61 and fd00::61 (TCP: their port 8080), behind out0. Port
140 is 10.0.0.65 and fd00::65 (UDP: port 5353), behind out0 (../paired_services.py).
"""
