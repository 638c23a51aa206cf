# SPDX-License-Identifier: Apache-2.0
"""The configuration: models, reading, checking, writing, editing."""

from dsrlb.config.checks import HostFacts, LinkFact, check_host
from dsrlb.config.edit import edit
from dsrlb.config.models import (
    Balancer,
    Bridge,
    Config,
    Group,
    Health,
    L3dsr,
    PortRange,
    Real,
    Service,
    Snat,
)
from dsrlb.config.ownaddresses import Clash, clashes
from dsrlb.config.render import digest, dump
from dsrlb.config.source import load, parse

__all__ = [
    "Balancer",
    "Bridge",
    "Clash",
    "Config",
    "Group",
    "Health",
    "HostFacts",
    "L3dsr",
    "LinkFact",
    "PortRange",
    "Real",
    "Service",
    "Snat",
    "check_host",
    "clashes",
    "digest",
    "dump",
    "edit",
    "load",
    "parse",
]
