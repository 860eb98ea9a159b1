"""What was given: names checked against the known ones, secrets read from their files, texts split into lists."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from pydantic import BaseModel

from service.settings.finding import Finding, Level
from service.settings.root import Settings
from service.settings.tree import (
    FILE,
    PREFIX,
    env_name,
    is_list,
    is_secret,
    known_names,
    nearest,
    secret_behind,
    section,
    settings_of,
    table,
)

Tree = dict[str, object]
CONFIG = PREFIX + "CONFIG"
"""Names the YAML file, where `--config` does not."""
VARIABLES = [CONFIG, *(setting.variable for setting in settings_of(Settings))]


def parsed(text: str) -> object:
    """Read a list or a whole group that was written into one variable; what is neither stays the text that it is."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _leaves(value: object) -> Iterator[tuple[str, ...]]:
    """Walk to each value below: a group that was misspelt in three variables is three mistakes."""
    if not isinstance(value, Mapping) or not value:
        yield ()
        return
    for name, inner in value.items():
        for rest in _leaves(inner):
            yield (str(name), *rest)


@dataclass(slots=True)
class Reading:
    """Reads one source of settings; collects what is wrong instead of stopping at the first."""

    origin: Path | None
    """The file that they come from, None for the environment."""
    findings: list[Finding] = field(default_factory=list)

    def group(self, model: type[BaseModel], given: object, path: tuple[str, ...]) -> Tree:
        """Read a group: each name must be known."""
        read: Tree = {}
        for name, value in self._entries(given, path).items():
            here = (*path, name)
            secret = secret_behind(name, model)
            if secret is not None:
                self._secret(read, secret, value, here, several=is_list(model.model_fields[secret].annotation))
            elif name in model.model_fields:
                self._put(read, name, self.value(model.model_fields[name].annotation, value, here), here)
            else:
                self._unknown(here, known_names(model), value)
        return read

    def value(self, annotation: object, given: object, path: tuple[str, ...]) -> object:
        """Read whatever stands at a place."""
        inner = section(annotation)
        if inner is not None:
            return given if given is None else self.group(inner, given, path)
        held = table(annotation)
        if held is not None:
            return self._table(held, given, path)
        if is_list(annotation) and isinstance(given, str):
            return self._list(given)
        return given

    def _table(self, held: object, given: object, path: tuple[str, ...]) -> Tree:
        read: Tree = {}
        for name, value in self._entries(given, path).items():
            here = (*path, name)
            if is_secret(held) and name.endswith(FILE):
                self._secret(read, name.removesuffix(FILE), value, here, several=is_list(held))
            else:
                self._put(read, name, self.value(held, value, here), here)
        return read

    def _list(self, text: str) -> object:
        if text.lstrip().startswith("["):
            return parsed(text)
        return [part.strip() for part in text.split(",") if part.strip()]

    def _entries(self, given: object, path: tuple[str, ...]) -> dict[str, object]:
        if isinstance(given, str):
            # A whole group in one variable, written as JSON or YAML.
            given = parsed(given)
        if given is None:
            return {}
        if not isinstance(given, Mapping):
            self._wrong(path, f"holds a group of settings, not {type(given).__name__}", "write `name: value` lines")
            return {}
        return {str(name): value for name, value in given.items()}

    def _put(self, read: Tree, name: str, value: object, path: tuple[str, ...]) -> None:
        if name in read:
            self._wrong(path, f"is given twice, as `{name}` and as `{name}{FILE}`", "keep one of them")
        read[name] = value

    def _secret(self, read: Tree, name: str, value: object, path: tuple[str, ...], *, several: bool) -> None:
        """Read a secret from its file; of several each stands on a line of its own."""
        try:
            text = Path(str(value)).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "it is not text"
            self._wrong(path, f"names the file {value}, which cannot be read ({why})", "name a readable file")
            return
        if not text:
            self._wrong(path, f"names the file {value}, which is empty", "write the secret into it")
            return
        self._put(read, name, text.split() if several else text, path)

    def _unknown(self, path: tuple[str, ...], known: list[str], value: object) -> None:
        for rest in _leaves(value):
            meant = self._meant(path, known, rest)
            told = f"known here: {', '.join(sorted(known))}; see `orderferry schema settings`."
            self._wrong((*path, *rest), "there is no such setting.", f"did you mean {meant}?" if meant else told)

    def _meant(self, path: tuple[str, ...], known: list[str], rest: tuple[str, ...]) -> str | None:
        if self.origin is None and len(path) == 1:
            # One underscore too few looks like another first name: compare whole variables.
            whole = nearest(env_name((*path, *rest)), VARIABLES)
            if whole is not None:
                return whole
        near = nearest(path[-1], known)
        return near and self.name((*path[:-1], near, *rest))

    def _wrong(self, path: tuple[str, ...], says: str, fix: str) -> None:
        self.findings.append(Finding(Level.REFUSE, self.name(path), says, fix))

    def name(self, path: tuple[str, ...]) -> str:
        """Name a setting as its source writes it."""
        if self.origin is None:
            return env_name(path)
        return f"{'.'.join(path) or 'the file'} in {self.origin}"
