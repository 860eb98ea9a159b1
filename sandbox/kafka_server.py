"""A real Apache Kafka (KRaft, one node) as a child process: its jars come from Maven, its data lives in a directory.

`python -m sandbox.kafka_server --topics a:6` prints one JSON line with the address and runs until it is told to stop.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

ROOT: Final = Path(__file__).resolve().parent.parent
POM: Final = ROOT / "tests" / "kafka" / "pom.xml"
CACHE: Final = ROOT / ".cache" / "kafka"
START_S: Final = 60.0  # a cold JVM on two busy cores needs 5 to 15 s


class KafkaMissingError(RuntimeError):
    """Neither Java nor Maven is here, or the jars cannot be had; the message says which and what to do."""


def version(pom: Path = POM) -> str:
    """Return the version of Kafka that the pom pins."""
    found = ET.parse(pom).getroot().find(".//{*}kafka.version")  # noqa: S314  our own file
    if found is None or not found.text:
        raise KafkaMissingError(f"{pom} names no <kafka.version>")
    return found.text


def jars(*, pom: Path = POM, cache: Path = CACHE) -> Path:
    """Return the directory with Kafka's jars; the first call lets Maven fetch them."""
    target = cache / version(pom)
    if target.is_dir():
        return target
    missing = [tool for tool in ("java", "mvn") if shutil.which(tool) is None]
    if missing:
        raise KafkaMissingError(f"{' and '.join(missing)} not found: install a JDK 17 or newer and Maven 3.8 or newer")
    cache.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=cache))
    command = ["mvn", "-B", "-q", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={scratch}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own words
    if done.returncode:
        shutil.rmtree(scratch)
        raise KafkaMissingError(f"Maven could not fetch Kafka:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    try:
        scratch.rename(target)
    except OSError:  # another process was faster
        shutil.rmtree(scratch)
    return target


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class KafkaServer:
    """One broker that is also its controller. `extra` are further lines of server.properties and win over ours."""

    data: Path
    heap: str = "256m"
    extra: dict[str, str] = field(default_factory=dict)
    scram: tuple[tuple[str, str, str], ...] = ()
    """(mechanism, user, password) that exist from the first start on."""
    port: int = field(default_factory=free_port)
    _controller: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """The address of the plain listener."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process, as long as it runs."""
        if self._process is None:
            raise RuntimeError("this Kafka is not running: call start() first")
        return self._process.pid

    def start(self) -> None:
        """Start it, formatted where it is new, and wait until it accepts connections."""
        self._format()
        with (self.data / "server.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  our own words
                [*self._java(), "kafka.Kafka", str(self._properties_file)],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + START_S
        while not self._accepts():
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise KafkaMissingError(f"Kafka did not start, see {self.data}/server.log:\n{self._log_tail()}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Stop it in its tracks: connections stay open and nothing answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    @property
    def _properties_file(self) -> Path:
        return self.data / "server.properties"

    def _java(self) -> list[str]:
        memory = [f"-Xmx{self.heap}", f"-Xms{self.heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
        return ["java", *memory, "-cp", f"{jars()}/*"]

    def _format(self) -> None:
        if self._properties_file.exists():
            return
        self.data.mkdir(parents=True, exist_ok=True)
        self._properties_file.write_text("".join(f"{name}={value}\n" for name, value in self._properties().items()))
        cluster = uuid.uuid4().hex[:22]
        command = [*self._java(), "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._properties_file)]
        for mechanism, user, password in self.scram:
            command += ["--add-scram", f"{mechanism}=[name={user},password={password}]"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own words
        if done.returncode:
            raise KafkaMissingError(
                f"Kafka's storage could not be formatted:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
            )

    def _properties(self) -> dict[str, str]:
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self._controller}",
            "log.dirs": str(self.data / "log"),
            "auto.create.topics.enable": "false",
            "offsets.topic.num.partitions": "1",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.num.partitions": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "1000",
            "log.cleaner.enable": "false",  # its buffer alone is 128 MiB
            "log.segment.bytes": "16777216",
            "message.max.bytes": "33554432",
            "num.network.threads": "2",
            "num.io.threads": "2",
            **self.extra,
        }

    def _accepts(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _log_tail(self) -> str:
        return (self.data / "server.log").read_text(errors="replace")[-4000:]


async def create_topics(bootstrap: str, topics: dict[str, int], *, configs: dict[str, str] | None = None) -> None:
    """Create topics with their numbers of partitions, and wait until every partition has a leader."""
    until = time.monotonic() + START_S
    while True:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        try:
            await admin.start()
            news = [NewTopic(name, count, 1, topic_configs=configs or {}) for name, count in topics.items()]
            answer = await admin.create_topics(news)
            # 36: it exists already, which is as good
            errors = [error for error in answer.topic_errors if error[1] not in {0, 36}]
            if not errors and await _all_led(admin, topics):
                return
            reason = str(errors or "a partition has no leader yet")
        except KafkaError as exc:  # a broker that has just begun to listen
            reason = repr(exc)
        finally:
            await admin.close()
        if time.monotonic() > until:
            raise KafkaMissingError(f"the topics {sorted(topics)} could not be created at {bootstrap}: {reason}")
        await asyncio.sleep(0.05)


async def _all_led(admin: AIOKafkaAdminClient, topics: dict[str, int]) -> bool:
    described = await admin.describe_topics(list(topics))
    return all(
        not topic["error_code"]
        and len(topic["partitions"]) >= topics[topic["topic"]]
        and all(partition["leader"] >= 0 for partition in topic["partitions"])
        for topic in described
    )


def parse_topics(text: str) -> dict[str, int]:
    """Read `a:6,b:2`: names and their numbers of partitions."""
    pairs = (item.rpartition(":") for item in text.split(",") if item)
    return {name: int(count) for name, _, count in pairs}


def main() -> int:
    """Run one broker until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.kafka_server", description=__doc__)
    parser.add_argument("--topics", default="", help="topics to create, for example a:6,b:2")
    parser.add_argument("--data", type=Path, help="directory of the data; default: a new one, deleted at the end")
    parser.add_argument("--heap", default="512m")
    arguments = parser.parse_args()
    stop = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    data = arguments.data or Path(tempfile.mkdtemp(prefix="kafka-"))
    server = KafkaServer(data=data, heap=arguments.heap)
    try:
        server.start()
        if topics := parse_topics(arguments.topics):
            asyncio.run(create_topics(server.bootstrap, topics))
        print(json.dumps({"bootstrap_servers": server.bootstrap, "pid": server.pid}), flush=True)
        signal.sigwait(stop)
    except KafkaMissingError as exc:
        print(exc, file=sys.stderr)
        return 1
    finally:
        server.kill()
        if arguments.data is None:
            shutil.rmtree(data, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
