# SPDX-License-Identifier: Apache-2.0
"""Configurations that have objects in common: what is equal is the same.

Whatever is made of a service is kept as long as it is the same object, so a change of one service
costs what it costs to follow one service.
"""

from __future__ import annotations

from operator import is_
from typing import Protocol, TypeVar

from dsrlb.config.models import Balancer, Bridge, Config, Group, Service


class _Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=_Named)


def config_of(
    balancer: Balancer,
    bridge: tuple[Bridge, ...],
    group: tuple[Group, ...],
    service: tuple[Service, ...],
) -> Config:
    """A configuration of parts that are valid, each by itself."""
    return Config.model_construct(balancer=balancer, bridge=bridge, group=group, service=service)


def sharing(config: Config, before: Config) -> Config:
    """The same configuration, with the objects of ``before`` where they are equal; itself where it
    has them already."""
    balancer = before.balancer if before.balancer == config.balancer else config.balancer
    bridge = before.bridge if before.bridge == config.bridge else config.bridge
    group, service = _shared(config.group, before.group), _shared(config.service, before.service)
    own = config.balancer, config.bridge, config.group, config.service
    if _same((balancer, bridge, group, service), own):
        return config
    return config_of(balancer, bridge, group, service)


def _shared(elements: tuple[T, ...], before: tuple[T, ...]) -> tuple[T, ...]:
    known = {element.name: element for element in before}
    shared = tuple(_known(element, known.get(element.name)) for element in elements)
    if _same(shared, before):
        return before
    return elements if _same(shared, elements) else shared


def _known(element: T, before: T | None) -> T:
    if before is None or before is element:
        return element
    return before if before == element else element


def _same(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    return len(one) == len(other) and all(map(is_, one, other))


def others(before: Config, after: Config) -> tuple[Service, ...]:
    """The services of ``after`` that are not the same object in ``before``, with the same real
    servers, in the order of ``after``."""
    alike = _same(before.group, after.group)
    if alike and len(before.service) == len(after.service):  # mostly one is another than before
        pairs = zip(before.service, after.service, strict=True)
        changed = [(old, new) for old, new in pairs if old is not new]
        if all(old.name == new.name for old, new in changed):
            return tuple(new for _, new in changed)
    known = {service.name: service for service in before.service}
    if alike:
        return tuple(each for each in after.service if known.get(each.name) is not each)
    return tuple(
        each
        for each in after.service
        if known.get(each.name) is not each or before.reals_of(each) is not after.reals_of(each)
    )
