# SPDX-License-Identifier: Apache-2.0
"""Mode nat, requests and replies; outbound: connections that real servers open.

Ports 133 and 153 of the VIPs are 10.0.0.64 and fd00::64 (TCP: their port 8080), behind out0. Port
143 is 10.0.0.68 and fd00::68 (UDP: port 5353), in VLAN 20 on in0 (../paired_services.py).
"""
