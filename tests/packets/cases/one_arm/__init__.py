# SPDX-License-Identifier: Apache-2.0
"""Mode one-arm, requests and replies.

Ports 132 and 152 of the VIPs are 10.0.0.63 and fd00::63 (TCP: their port 8080), on in0. Port
142 is 10.0.0.67 and fd00::67 (UDP: port 5353), in VLAN 20 on in0 (../paired_services.py).
"""
