"""A complete Debian, booted from a directory in its own namespaces and reached by SSH; it leaves nothing behind.

The directory is made once with debootstrap, below .localcloud/cache/ of the checkout, with the packages that the roles
install already downloaded: the booted system has a network of its own, from which no mirror can be reached.
"""

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.ansible_runs import CHECKOUT

RELEASE = "bookworm"
CACHE = CHECKOUT / ".localcloud" / "cache" / f"debian-{RELEASE}"
# What a cloud's Debian image has, and what the roles install.
IMAGE = "ca-certificates,dbus,iproute2,openssh-server,procps,python3,python3-apt,systemd,systemd-sysv"
DOWNLOADED = ("nginx", "systemd-resolved", "ca-certificates", "procps")
TOOLS = (
    *("apt-get", "debootstrap", "systemd-nspawn", "ip", "ssh", "ssh-keygen"),
    *("nsenter", "setpriv", "umount", "unshare"),
)


def reason_to_skip() -> str | None:
    """Why this machine cannot boot one, or None."""
    if os.geteuid():
        return "needs root"
    if lacking := [tool for tool in TOOLS if shutil.which(tool) is None]:
        return f"not installed: {', '.join(lacking)}"
    namespaces = ["unshare", "--mount", "--net", "--pid", "--fork", "true"]
    if subprocess.run(namespaces, check=False, capture_output=True).returncode:
        return "this machine allows no namespaces"
    if not CACHE.exists() and _mirror() is None:
        return f"no cached system, and none of apt's mirrors has {RELEASE}"
    return None


@functools.cache
def _mirror() -> str | None:
    """The first of this machine's own mirrors that has the release."""
    listed = ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"]
    sites = subprocess.run(listed, check=False, capture_output=True, text=True).stdout.split()
    return next((site for site in dict.fromkeys(sites) if _has_release(site)), None)


def _has_release(site: str) -> bool:
    try:
        with urllib.request.urlopen(f"{site}/dists/{RELEASE}/Release", timeout=10) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False


def _run(*command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, **options)
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done


def prepared() -> Path:
    """The system's directory, made when it is not there; never half made."""
    if not CACHE.exists():
        partial = CACHE.with_name(f"{CACHE.name}.{os.getpid()}")
        partial.parent.mkdir(parents=True, exist_ok=True)
        try:
            _run("debootstrap", "--variant=minbase", f"--include={IMAGE}", RELEASE, partial, _mirror() or "")
            apt = ("apt-get", "--yes", "--quiet", "--no-install-recommends", "--download-only")
            _run("chroot", partial, *apt, "--option=APT::Install-Recommends=true", "install", *DOWNLOADED)
            partial.rename(CACHE)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    # However old, its lists name the packages that it holds: to fetch newer ones is what it cannot do.
    for place in ("var/lib/apt/lists", "var/lib/apt/periodic/update-success-stamp"):
        if (CACHE / place).exists():
            os.utime(CACHE / place)
    return CACHE


@dataclass(frozen=True)
class System:
    """A booted system."""

    network: Path  # The network namespace, as a file.
    leader: int
    inventory: str

    def outside(self, *command: str) -> tuple[str, ...]:
        """A command of this machine in the system's network."""
        return ("nsenter", f"--net={self.network}", *command)

    def inside(self, *command: str) -> str:
        """What a command says in the system."""
        return _run("nsenter", "--target", str(self.leader), "--all", *command).stdout.strip()


@contextlib.contextmanager
def booted(directory: Path) -> Iterator[System]:
    """Boot the system with its changes in memory; ``directory`` gets the keys to it."""
    root = prepared()
    name = f"pointsman-{os.getpid()}"
    key = directory / "key"
    _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    host_key = (root / "etc/ssh/ssh_host_ed25519_key.pub").read_text().split()[:2]
    (directory / "known_hosts").write_text(f"127.0.0.1 {' '.join(host_key)}\n")
    runtime_was_there = Path("/run/systemd/nspawn").exists()
    network = directory / "network"
    network.touch()
    # A namespace of `ip netns` would leave /run/netns mounted after it.
    _run("unshare", f"--net={network}", "true")
    try:
        _run("nsenter", f"--net={network}", "ip", "link", "set", "lo", "up")
        command = [
            *("setpriv", "--pdeathsig", "KILL", "systemd-nspawn", "--quiet", "--directory", str(root), "--boot"),
            *("--volatile=overlay", "--register=no", "--keep-unit", "--console=pipe", f"--machine={name}"),
            f"--network-namespace-path={network}",
            f"--bind-ro={key}.pub:/root/.ssh/authorized_keys",
        ]
        # The network's own settings may be written; all others of the kernel stay read-only.
        environ = {"PATH": os.environ["PATH"], "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network"}
        with (directory / "console").open("wb") as console:
            machine = subprocess.Popen(
                command, env=environ, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True
            )
        try:
            yield System(network, _leader(machine, directory / "console"), _inventory(directory))
        finally:
            _end(machine)
    finally:
        _run("umount", network)
        if not runtime_was_there:
            shutil.rmtree("/run/systemd/nspawn", ignore_errors=True)


def _leader(machine: subprocess.Popen[bytes], console: Path) -> int:
    """The system's first process, once the system answers."""
    until = time.monotonic() + 300
    while True:
        assert machine.poll() is None, console.read_text()
        assert time.monotonic() < until, console.read_text()
        children = Path(f"/proc/{machine.pid}/task/{machine.pid}/children").read_text().split()
        if children:
            ask = ["nsenter", "--target", children[0], "--all", "systemctl", "is-active", "ssh.service"]
            if subprocess.run(ask, capture_output=True, check=False, timeout=120).returncode == 0:
                return int(children[0])
        time.sleep(0.2)


def _end(machine: subprocess.Popen[bytes]) -> None:
    """Ask the system to halt, then insist; its processes die with its first one."""
    for order, seconds in ((signal.SIGTERM, 60), (signal.SIGTERM, 10), (signal.SIGKILL, 60)):
        machine.send_signal(order)
        with contextlib.suppress(subprocess.TimeoutExpired):
            machine.wait(seconds)
            return


def _inventory(directory: Path) -> str:
    return f"""
all:
  hosts:
    debian:
      ansible_connection: ansible.builtin.ssh
      ansible_host: 127.0.0.1
      ansible_user: root
      ansible_ssh_private_key_file: {directory}/key
      ansible_ssh_common_args: -o UserKnownHostsFile={directory}/known_hosts -o ControlPath={directory}/ssh
"""
