"""Two network namespaces joined by a cable: the car on one end, the charger on the other.

SDP is multicast on a link and V2G addresses are link-local, so a car and a charger on one machine need a link of their
own. Each end is a namespace with one interface that has a link-local IPv6 address; nothing else is reachable from it.

::

    with Cable() as cable:
        charger = cable.charger.popen(["some", "charger"])
        with cable.car.entered():      # sockets made here are on the car's end
            asyncio.run(drive())
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from interop.environments import MissingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CLONE_NEWNET = 0x40000000
ADDRESS_PATIENCE = 10.0
"""Seconds until a link-local address must be usable; normally it is at once."""

_numbers = itertools.count()


class End:
    """One end of the cable: a namespace, its interface and how to run something there."""

    def __init__(self, namespace: str, interface: str, address: str) -> None:
        """Only name the end; ``Cable`` creates it."""
        self.namespace = namespace
        self.interface = interface
        self.address = address

    def command(self, arguments: Sequence[str]) -> list[str]:
        """The command line that runs ``arguments`` inside the namespace."""
        return ["ip", "netns", "exec", self.namespace, *arguments]

    def run(self, arguments: Sequence[str], *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run to the end with the output captured as text."""
        return subprocess.run(self.command(arguments), capture_output=True, text=True, check=check)

    def popen(self, arguments: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a process inside the namespace."""
        return subprocess.Popen(self.command(arguments), **options)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Put the calling thread, and threads it starts meanwhile, into the namespace."""
        libc = ctypes.CDLL(None, use_errno=True)
        with (
            Path("/proc/thread-self/ns/net").open() as home,
            Path("/run/netns", self.namespace).open() as there,
        ):
            _check(libc.setns(there.fileno(), CLONE_NEWNET))
            try:
                yield
            finally:
                _check(libc.setns(home.fileno(), CLONE_NEWNET))


class Cable:
    """The pair of namespaces as a context manager; both are removed on exit, whatever happened."""

    def __init__(self) -> None:
        """Choose names that no other process on this machine uses."""
        stem = f"v2g-{os.getpid()}-{next(_numbers)}"
        self.car = End(f"{stem}-car", "car0", "fe80::ca")
        self.charger = End(f"{stem}-charger", "charger0", "fe80::c4")

    def __enter__(self) -> Self:
        """Create both ends and wait for their addresses.

        Raises:
            MissingError: Not root, no ``ip``, or the kernel or container forbids namespaces.
        """
        if os.geteuid() != 0:
            msg = "network namespaces need root"
            raise MissingError(msg)
        if shutil.which("ip") is None:
            msg = "no `ip` on the path (tests/interop/install.sh installs it)"
            raise MissingError(msg)
        try:
            self._create()
        except subprocess.CalledProcessError as error:
            self._remove()
            msg = f"cannot set up network namespaces: {' '.join(error.cmd)}: {error.stderr.strip()}"
            raise MissingError(msg) from error
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Remove both ends."""
        self._remove()

    def _create(self) -> None:
        _sweep()
        car, charger = self.car, self.charger
        for end in (car, charger):
            _ip("netns", "add", end.namespace)
        _ip(
            *("link", "add", car.interface, "netns", car.namespace, "type", "veth"),
            *("peer", "name", charger.interface, "netns", charger.namespace),
        )
        for end in (car, charger):
            _ip("-n", end.namespace, "link", "set", "lo", "up")
            # A fixed address without duplicate address detection can be used at once; a generated one stays
            # tentative for a second or two, and binding to it fails.
            _ip("-n", end.namespace, "link", "set", end.interface, "addrgenmode", "none", "up")
            _ip("-n", end.namespace, "addr", "add", f"{end.address}/64", "dev", end.interface, "nodad")
        for end in (car, charger):
            self._wait(end)

    def _wait(self, end: End) -> None:
        """Wait until the address is on the interface, not tentative, and the link has its carrier."""
        deadline = time.monotonic() + ADDRESS_PATIENCE
        while time.monotonic() < deadline:
            (link,) = json.loads(_ip("-n", end.namespace, "-6", "-json", "address", "show", "dev", end.interface))
            addresses = [entry for entry in link.get("addr_info", []) if not entry.get("tentative")]
            if addresses and "LOWER_UP" in link["flags"]:
                return
            time.sleep(0.02)
        msg = f"{end.interface} has no usable link-local address after {ADDRESS_PATIENCE} s"
        raise MissingError(msg)

    def _remove(self) -> None:
        for end in (self.car, self.charger):
            subprocess.run(["ip", "netns", "delete", end.namespace], capture_output=True, check=False)


def _sweep() -> None:
    """Remove what killed processes have left behind: namespaces that name a process which is gone."""
    for line in _ip("netns", "list").splitlines():
        name = line.split()[0]
        owner = re.fullmatch(r"v2g-(\d+)-\d+-(car|charger)", name)
        if owner and not Path("/proc", owner[1]).exists():
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def _ip(*arguments: str) -> str:
    """Run ``ip``."""
    return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=True).stdout


def _check(result: int) -> None:
    """Raise what a call into the C library reported."""
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
