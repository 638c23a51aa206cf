# SPDX-License-Identifier: Apache-2.0
"""What a configuration may say about real servers, and groups of them."""

from __future__ import annotations

from pydantic import Field

from dsrlb.config.health import Health
from dsrlb.config.values import NAME, Addresses, Mac, Model

MOST_OPEN = 16_000_000


class Real(Model):
    """A real server."""

    address: Addresses = Field(
        min_length=1, max_length=2, description="one address, or one per family"
    )
    weight: int = Field(
        1, strict=True, ge=0, le=65535, description="share of new flows; 0: no new flows"
    )
    port: int = Field(
        0,
        strict=True,
        ge=0,
        le=65535,
        description="the port that it listens on, where that differs from the service's single "
        "port (modes bridge, router, one-arm and nat); 0: the port is kept",
    )
    mac: Mac = Field("auto", description='"auto": resolved and followed; or a fixed MAC address')
    max_open: int = Field(
        0,
        strict=True,
        ge=0,
        le=MOST_OPEN,
        description="checked for new flows against open flows: a real server at max_open gets no "
        "new flows until it is down to max_open_low; 0: no limit",
    )
    max_open_low: int | None = Field(
        None,
        strict=True,
        ge=0,
        le=MOST_OPEN,
        description="less than max_open; default: 9/10 of max_open, rounded down",
    )

    @property
    def resumes_at(self) -> int:
        """At how many open flows new ones come again; 0 without a limit."""
        return self.max_open * 9 // 10 if self.max_open_low is None else self.max_open_low


class Group(Model):
    """Real servers that several services share."""

    name: str = Field(pattern=NAME, description="name that services refer to")
    health: Health | None = Field(
        None, description="how they are asked whether they serve ([group.health])"
    )
    real: tuple[Real, ...] = Field((), description="the real servers ([[group.real]])")
