# SPDX-License-Identifier: Apache-2.0
"""What a configuration may say about the way to the real servers and back."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from dsrlb.config.values import AddressRange, AddressRanges, IPAddress, Model, as_tuple

TUNNELS = ("ipip", "gue")
"""Methods that put the packet into another one: client and real server may differ in family."""

REPLIES = ("bridge", "router", "one-arm", "nat")
"""Modes in which the real servers' replies come back through the balancer."""

Interface = Annotated[str, Field(min_length=1, max_length=15)]


class Bridge(Model):
    """An existing kernel bridge that mode bridge works in, and its two ports."""

    name: Interface = Field(description="the bridge's interface")
    ports: Annotated[tuple[Interface, ...], BeforeValidator(as_tuple)] = Field(
        min_length=2,
        max_length=2,
        description="the two ports that services are between; both also in balancer.interfaces",
    )
    reals_on: Interface = Field(
        description="the port that the real servers are behind; clients are behind the other one"
    )

    @property
    def clients_on(self) -> str:
        """The port that clients are behind."""
        first, second = self.ports
        return second if first == self.reals_on else first


class L3dsr(Model):
    """How mode l3dsr marks or wraps packets; the real servers may be behind routers."""

    method: Literal["dscp", "ipip", "gue"] = Field(
        description="dscp: the destination becomes the real server, the DSCP says which VIP it "
        "was; ipip: IP in IP; gue: IP in UDP"
    )
    dscp: int | None = Field(
        None,
        strict=True,
        ge=1,
        le=63,
        description="method dscp needs it: the code that stands for the VIPs, one per address "
        "family, on the real servers",
    )
    gue_port: int = Field(
        6080,
        strict=True,
        ge=1,
        le=65535,
        description="method gue: the UDP port that real servers receive tunnelled packets on",
    )

    def __str__(self) -> str:
        if self.method == "gue":
            return f"gue port {self.gue_port}"
        return self.method if self.dscp is None else f"{self.method} {self.dscp}"


class Snat(Model):
    """The addresses that clients (mode one-arm) or real servers (mode nat) get as their source."""

    pool: AddressRanges = Field(
        min_length=1,
        description="addresses, ranges and prefixes, all of whose addresses are used; at most 256 "
        "addresses per family; each is the balancer's alone, and on none of its interfaces",
    )
    toa: bool = Field(
        False,
        strict=True,
        description="real servers are told the client's address and port by a TCP option, which "
        "something there has to read (mode one-arm, tcp; see MODES.md)",
    )

    @property
    def pool_text(self) -> str:
        """The pool as in an error about it."""
        return ", ".join(map(str, self.pool))

    def __str__(self) -> str:
        return self.pool_text + " with toa" * self.toa


@lru_cache(maxsize=1024)
def pool_addresses(pool: tuple[AddressRange, ...], family: int) -> tuple[IPAddress, ...]:
    """The addresses of one family, sorted, so that equal pools are equal however written."""
    found = (ip for part in pool if part.family == family for ip in part.addresses())
    return tuple(sorted(found, key=int))
