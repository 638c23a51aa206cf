# SPDX-License-Identifier: Apache-2.0
"""Can dsrlb work on this host, and how well? Looks only; changes nothing."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from dsrlb import paths
from dsrlb.config import clashes, load
from dsrlb.dataplane import bpffs, headers
from dsrlb.errors import DsrlbError
from dsrlb.net.links import Link, list_links
from dsrlb.observe.crossing import crossing
from dsrlb.observe.findings import Finding
from dsrlb.observe.holder import busy, holder
from dsrlb.observe.neighbours import room
from dsrlb.observe.ownaddresses import Clashing, own_addresses

OLDEST_KERNEL = (5, 15)
# Drivers with XDP of their own (kernel sources: ndo_bpf). Others get the generic kind.
# fmt: off
NATIVE_DRIVERS = frozenset({
    "amazon-ena", "atlantic", "bnxt_en", "bond", "bonding", "cpsw", "dpaa2-eth", "ena", "enetc",
    "fec", "fsl_dpa2", "fsl_enetc", "gve", "hns3", "hv_netvsc", "i40e", "ice", "idpf", "igb",
    "igc", "ixgbe", "ixgbevf", "lan966x-switch", "mana", "mlx4_en", "mlx5_core", "mtk_soc_eth",
    "mvneta", "mvpp2", "nfp", "octeontx2-nicpf", "qede", "rvu_nicpf", "sfc", "sfc_ef100",
    "st_gmac", "stmmac", "thunder-nicvf", "tsnep", "tun", "vif", "virtio_net", "vmxnet3",
    "xen-netfront",
})
# fmt: on
# Without multi-buffer support a native program's packet must fit a page, less what surrounds it.
LARGEST_NATIVE_MTU = 3498


def diagnose(
    instance: str = paths.DEFAULT_INSTANCE,
    counted: Mapping[str, int] | None = None,
    unchecked: str | None = None,
    clashing: Clashing = clashes,
) -> list[Finding]:
    """Look at kernel, bcc, headers, bpffs, interfaces, the daemon of ``instance`` and what its
    services need of this host. As that daemon says, ``counted``: packets by reason; ``unchecked``:
    why real servers are not checked, "" if they are; None: it says nothing. ``clashing``: what a
    configuration and a host cannot both have."""
    findings = [_kernel(), _root(), _bcc(), _headers(), _bpffs(), _btf(), _jit()]
    findings += _interfaces()
    here = paths.for_instance(instance)
    findings.append(_daemon(here))
    if unchecked is not None:
        findings.append(_checks(unchecked))
    findings += _services(here.saved_config, counted or {}, clashing)
    return findings


def _kernel() -> Finding:
    release = platform.release()
    numbers = tuple(int(part) for part in release.split("-")[0].split(".")[:2] if part.isdigit())
    if numbers >= OLDEST_KERNEL:
        return Finding("kernel", True, release)
    oldest = ".".join(map(str, OLDEST_KERNEL))
    return Finding("kernel", False, release, f"dsrlb needs {oldest} or newer")


def _root() -> Finding:
    user = os.geteuid()
    if user == 0:
        return Finding("root", True, "yes")
    return Finding("root", False, f"no (uid {user})", "run as root; some findings need it too")


def _bcc() -> Finding:
    """The version without importing bcc, which loads all of LLVM (75 MB)."""
    for name in ("bcc", "bpfcc"):
        try:
            return Finding("bcc", True, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            continue
    spec = importlib.util.find_spec("bcc")
    if spec is None or spec.origin is None:
        advice = "apt-get install python3-bpfcc; a venv needs --system-site-packages"
        return Finding("bcc", False, f"not there for {sys.executable}", advice)
    version = Path(spec.origin).with_name("version.py")
    text = version.read_text() if version.is_file() else ""
    found = text.partition("=")[2].strip().strip("'\"")
    return Finding("bcc", True, found or "version unknown")


def _headers() -> Finding:
    try:
        return Finding("kernel headers", True, str(headers.discover()))
    except DsrlbError as error:
        return Finding("kernel headers", False, error.message, error.hint)


def _bpffs() -> Finding:
    place = bpffs.locate()
    if place is not None:
        return Finding("bpffs", True, str(place))
    return Finding(
        "bpffs", None, "not mounted", "dsrlb run mounts it: mount -t bpf bpf /sys/fs/bpf"
    )


def _btf() -> Finding:
    there = Path("/sys/kernel/btf/vmlinux").exists()
    return Finding("BTF", True if there else None, "yes" if there else "no (not needed)")


def _jit() -> Finding:
    try:
        value = Path("/proc/sys/net/core/bpf_jit_enable").read_text().strip()
    except FileNotFoundError:  # CONFIG_BPF_JIT_ALWAYS_ON hides it from other network namespaces
        return Finding("BPF JIT", None, "not to be seen from this network namespace")
    except PermissionError:
        return Finding("BPF JIT", None, "only root can see it")
    if value != "0":
        return Finding("BPF JIT", True, f"on ({value})")
    advice = "many times slower: sysctl -w net.core.bpf_jit_enable=1"
    return Finding("BPF JIT", False, "off", advice)


def _interfaces() -> Iterator[Finding]:
    try:
        links = list_links()
    except (DsrlbError, OSError) as error:
        yield Finding("interfaces", False, str(error))
        return
    for link in links.values():
        if link.kind != "loopback":
            yield _interface(link)


def _interface(link: Link) -> Finding:
    expected, advice = _expected(link)
    attached = "no program"
    if link.xdp_mode is not None:
        attached = f"program {link.xdp_program} attached ({link.xdp_mode})"
    driver = link.driver or link.kind or "driver unknown"
    state = "up" if link.up else "down"
    value = f"{driver}, {expected}, MTU {link.mtu}, {state}, {attached}"
    if expected == "native" and link.mtu > LARGEST_NATIVE_MTU:
        advice = (
            f"if native is refused at this MTU: MTU {LARGEST_NATIVE_MTU}, or xdp_mode = generic"
        )
    return Finding(f"interface {link.name}", None, value, advice)


def _expected(link: Link) -> tuple[str, str]:
    """What xdp_mode = "auto" comes to on this interface, and advice."""
    if link.kind == "vlan":
        return "not attachable", "attach to the device below it; tags are kept"
    if link.kind == "veth":
        return "generic", "native works with an XDP program on the peer: xdp_mode = native"
    if link.driver in NATIVE_DRIVERS or link.kind in NATIVE_DRIVERS:
        return "native", ""
    return "generic", ""


def _daemon(here: paths.Paths) -> Finding:
    name, path = "daemon", here.socket
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(path))
        except PermissionError:
            return Finding(name, None, f"{path}: only root may ask")
        except OSError as error:
            nobody = isinstance(error, FileNotFoundError | ConnectionRefusedError)
            if nobody and (process := holder(here)) is not None:
                return Finding(name, None, "does not answer", busy(process))
            if isinstance(error, FileNotFoundError):
                return Finding(name, None, f"not running (no {path})", "dsrlb run")
            advice = "it has died, traffic goes on: systemctl restart dsrlb, or dsrlb run"
            return Finding(name, False, f"{path}: {error.strerror or error}", advice)
    return Finding(name, True, str(path))


def _checks(trouble: str) -> Finding:
    if not trouble:
        return Finding("checks", True, "going on, or nobody is to be checked")
    advice = "real servers stay as they were found; it is started anew: dsrlb events"
    return Finding("checks", False, trouble, advice)


def _services(saved: Path, counted: Mapping[str, int], clashing: Clashing) -> Iterator[Finding]:
    """``saved``: the last accepted configuration."""
    try:
        config = load(saved) if saved.is_file() else None
    except (DsrlbError, OSError) as error:
        yield Finding("configuration", None, f"{saved} cannot be read: {error}")
        return
    if config is not None:
        yield from own_addresses(config, clashing)
        yield from room(config)
        yield from crossing(config, counted)
