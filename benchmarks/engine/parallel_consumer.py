"""Confluent's Parallel Consumer: its jars come from Maven, our few lines of Java are compiled against them."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from benchmarks.engine.task import Task

FOLDER: Final = Path(__file__).resolve().parent / "parallel"
CACHE: Final = FOLDER.parent.parent.parent / ".cache" / "parallel-consumer"
HEAP: Final = "512m"


class CannotBeHadError(RuntimeError):
    """Maven or Java is not here, or the jars cannot be had; the message says what."""


def version() -> str:
    """Return the version that the pom pins."""
    found = ET.parse(FOLDER / "pom.xml").getroot().find(".//{*}parallel.version")  # noqa: S314  our own file
    if found is None or not found.text:
        raise CannotBeHadError("the pom names no <parallel.version>")
    return found.text


def command(task: Task) -> Sequence[str]:
    """Return how it is started."""
    built = _built()
    micros = round(task.latency_ms * 1000)
    arguments = (task.bootstrap, task.topic, task.group, str(task.keys), str(micros), str(task.in_flight))
    return ("java", f"-Xmx{HEAP}", "-Xss256k", "-cp", f"{built}:{built}/*", "KeyOrder", *arguments)


def _built() -> Path:
    """Return the folder with the jars and our class; the first call fetches and compiles, a change compiles again."""
    target = CACHE / version()
    source = FOLDER / "KeyOrder.java"
    if not target.is_dir():
        missing = [tool for tool in ("java", "javac", "mvn") if shutil.which(tool) is None]
        if missing:
            raise CannotBeHadError(f"{' and '.join(missing)} not found: install a JDK 17 or newer and Maven")
        CACHE.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=CACHE))
        copy = ("dependency:copy-dependencies", f"-DoutputDirectory={scratch}")
        try:
            _run("mvn", "-B", "-q", "-f", str(FOLDER / "pom.xml"), *copy)
        except CannotBeHadError:
            shutil.rmtree(scratch)
            raise
        scratch.rename(target)
    compiled = target / "KeyOrder.class"
    if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
        _run("javac", "-cp", f"{target}/*", "-d", str(target), str(source))
    return target


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603  our own words
    if done.returncode:
        raise CannotBeHadError(f"{words[0]} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
