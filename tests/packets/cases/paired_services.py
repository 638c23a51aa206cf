# SPDX-License-Identifier: Apache-2.0
"""The services of the cases of modes bridge, router, one-arm and nat, and where their real servers
are.

Ports 130 to 133, in the order of the modes, are real servers 61 to 64, with port 8080 for TCP; that
of mode one-arm is behind in0, the others behind out0. Ports 140 to 143 are 65 to 68, with port 5353
for UDP, in VLAN 20 on in0 where the mode routes. Ports 150 to 153 are 61 to 64 once more.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

from dsrlb.control.desired.contents import Resolution
from tests.packets.harness import LINK, OTHER_LINK, mac_of

MODES = ("bridge", "router", "one-arm", "nat")
CLAMP = 1200

_MORE = {"one-arm": '[service.snat]\npool = ["198.51.100.7", "2001:db8:51::7"]'}

FAR = replace(OTHER_LINK, address4=IPv4Address("10.0.9.1"))
"""out0 as these cases have it."""


def _service(mode: str, protocol: str, port: int, number: int, real_port: int) -> str:
    moved = f", port = {real_port}" if real_port else ""
    clamp = f"mss_clamp = {CLAMP}\n" if protocol == "tcp" else ""
    return f"""
[[service]]
name = "{mode}-{port}-{protocol}"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "{protocol}"
port = {port}
mode = "{mode}"
{clamp}real = [{{ address = ["10.0.0.{number}", "fd00::{number}"]{moved} }}]
{_MORE.get(mode, "")}
"""


def _services() -> str:
    text = ""
    for n, mode in enumerate(MODES):
        text += _service(mode, "tcp", 130 + n, 61 + n, 8080)
        text += _service(mode, "udp", 130 + n, 61 + n, 0)
        text += _service(mode, "tcp", 140 + n, 65 + n, 0)
        text += _service(mode, "udp", 140 + n, 65 + n, 5353)
        text += _service(mode, "tcp", 150 + n, 61 + n, 8080)
    return text


CONFIG = f"""
[balancer]
interfaces = ["in0", "out0"]

[[bridge]]
name = "br0"
ports = ["in0", "out0"]
reals_on = "out0"
{_services()}
"""


def _place(number: int) -> dict[str, Resolution]:
    far = number in (61, 62, 64, 65)
    vlan = 20 if number in (66, 67, 68) else 0
    addresses = (f"10.0.0.{number}", f"fd00::{number}")
    return {
        address: Resolution(mac_of(address).hex(":"), FAR if far else LINK, True, vlan=vlan)
        for address in addresses
    }


RESOLUTIONS = {key: where for number in range(61, 69) for key, where in _place(number).items()}
