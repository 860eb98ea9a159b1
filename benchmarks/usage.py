"""What processes cost: CPU over all threads and children, and resident memory, read from /proc."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
TICKS: Final = os.sysconf("SC_CLK_TCK")
KIB: Final = 1024


@dataclass(frozen=True, slots=True)
class Stat:
    """One process: its parent and the ticks that it, its threads and its reaped children have used."""

    pid: int
    parent: int
    ticks: int


def parse_stat(text: str) -> Stat:
    """Read /proc/<pid>/stat; the name in brackets may hold anything, brackets too."""
    pid, _, rest = text.partition(" (")
    fields = rest.rpartition(") ")[2].split()
    # proc(5): fields[0] is the third, state; utime, stime, cutime and cstime are the 14th to the 17th.
    return Stat(int(pid), int(fields[1]), sum(int(ticks) for ticks in fields[11:15]))


def tree(stats: Mapping[int, Stat], root: int) -> list[Stat]:
    """Return a process and everything below it."""
    children: dict[int, list[Stat]] = {}
    for stat in stats.values():
        children.setdefault(stat.parent, []).append(stat)
    found: list[Stat] = []
    waiting = [stats[root]] if root in stats else []
    while waiting:
        stat = waiting.pop()
        found.append(stat)
        waiting += children.get(stat.pid, [])
    return found


def parse_status(text: str, field: str) -> int:
    """Return a size of /proc/<pid>/status, for example VmRSS, in bytes; 0 where the process has gone."""
    for line in text.splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * KIB
    return 0


def parse_read(text: str) -> int:
    """Return from /proc/<pid>/io how many bytes the process has read, sockets included."""
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("rchar:")), 0)


def parse_machine(text: str) -> float:
    """Return from /proc/stat the CPU seconds that all cores together have been busy."""
    user, nice, system, _idle, _iowait, *rest = (int(ticks) for ticks in text.split("\n", 1)[0].split()[1:])
    interrupts = sum(rest[:3])  # hard, soft, and what the hypervisor took; guests are part of user
    return (user + nice + system + interrupts) / TICKS


def machine_seconds() -> float:
    """CPU seconds that this machine has been busy so far, whoever did it."""
    return parse_machine(_read(PROC / "stat"))


def snapshot() -> dict[int, Stat]:
    """Every process of this machine, now."""
    found = (_read(PROC / name / "stat") for name in os.listdir(PROC) if name.isdigit())  # noqa: PTH208  each 0.25 s
    return {stat.pid: stat for stat in (parse_stat(text) for text in found if text)}


def cpu_seconds(stats: Mapping[int, Stat], root: int) -> float:
    """CPU seconds that a process and all below it have used since they began."""
    return sum(stat.ticks for stat in tree(stats, root)) / TICKS


def own_seconds() -> float:
    """CPU seconds of this process alone: what it started is counted by name."""
    return time.process_time()


def resident(stats: Mapping[int, Stat], roots: Iterable[int], field: str = "VmRSS") -> int:
    """Bytes of memory that processes and all below them hold."""
    pids = [stat.pid for root in roots for stat in tree(stats, root)]
    return sum(parse_status(_read(PROC / str(pid) / "status"), field) for pid in pids)


def read_bytes(pid: int) -> int:
    """Bytes that a process has read so far."""
    return parse_read(_read(PROC / str(pid) / "io"))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # it ended between the listing and the look
        return ""
