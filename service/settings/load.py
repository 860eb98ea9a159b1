"""Reads the settings: a YAML file, the environment over it, secrets from files. The only reader of the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from service.settings.finding import Finding, Level, SettingsError
from service.settings.given import CONFIG, Reading, Tree, parsed
from service.settings.root import Settings
from service.settings.tree import DELIMITER, PREFIX, env_name, is_secret, section, table


class UniqueKeys(yaml.SafeLoader):
    """YAML that refuses a key given twice; the standard loader silently keeps the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:  # noqa: FBT001, FBT002
        """Build a mapping of distinct keys."""
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key} is given twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def load(config: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read all settings or raise SettingsError, which says of each wrong one what to write instead."""
    given = os.environ if environ is None else environ
    path = config or (Path(given[CONFIG]) if given.get(CONFIG) else None)
    from_file = Reading(path)
    from_environment = Reading(None)
    tree = from_file.group(Settings, _file(path), ()) if path is not None else {}
    over = from_environment.group(Settings, _nested(given), ())
    findings = [*from_file.findings, *from_environment.findings]
    if findings:
        raise SettingsError(findings)
    try:
        return Settings.model_validate(_merged(tree, over))
    except ValidationError as error:
        raise SettingsError([_finding(detail) for detail in error.errors(include_url=False)]) from None


def _file(path: Path) -> object:
    try:
        with path.open(encoding="utf-8") as stream:
            return yaml.load(stream, UniqueKeys)  # noqa: S506 - UniqueKeys is a SafeLoader
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, str(error)) from error
    except yaml.YAMLError as error:
        raise _unreadable(path, " ".join(str(error).split())) from error


def _unreadable(path: Path, why: str) -> SettingsError:
    fix = f"give a readable YAML file with --config or {CONFIG}"
    return SettingsError([Finding(Level.REFUSE, f"the file {path}", f"cannot be read: {why}.", fix)])


def _nested(environ: Mapping[str, str]) -> Tree:
    """Turn `ORDERFERRY_A__B=c` into {a: {b: c}}; a variable of a whole group joins those of its members."""
    tree: Tree = {}
    for name in sorted(environ, key=lambda name: (name.count(DELIMITER), name)):
        if not name.upper().startswith(PREFIX) or name.upper() == CONFIG:
            continue
        *groups, last = name[len(PREFIX) :].lower().split(DELIMITER)
        at = tree
        for group in groups:
            inner = at.get(group, {})
            at[group] = inner = parsed(inner) if isinstance(inner, str) else inner
            at = inner if isinstance(inner, dict) else {}
        at[last] = environ[name]
    return tree


def _merged(under: Tree, over: Tree) -> Tree:
    merged = dict(under)
    for name, value in over.items():
        below = merged.get(name)
        merged[name] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _finding(detail: ErrorDetails) -> Finding:
    path = tuple(str(part) for part in detail["loc"])
    known = _known_part(path)
    subject = ".".join(known) or "settings"
    meaning = " ".join(_walk(known)[2].split())
    if detail["type"] == "missing":
        return Finding(
            Level.REFUSE,
            subject,
            f"is missing and has no default. It says: {meaning}",
            f"set {subject} in the file, or {env_name(known)}.",
        )
    given = detail["input"]
    shown = f" {given!r}" if isinstance(given, str | int | float) and not _hides(known) else ""
    what = "has a bad name" if path[-1:] == ("[key]",) else f"holds{shown}"
    message = detail["msg"].removeprefix("Value error, ")
    return Finding(Level.REFUSE, subject, f"{what}: {message[:1].lower()}{message[1:]}. It says: {meaning}")


def _walk(path: tuple[str, ...]) -> tuple[int, object, str]:
    """Follow a path through the tree: how many parts are ours, what stands there and its documentation."""
    held: object = Settings
    words = ""
    for index, part in enumerate(path):
        group, entries = section(held), table(held)
        if group is not None and part in group.model_fields:
            held, words = group.model_fields[part].annotation, group.model_fields[part].description or ""
        elif entries is not None and part != "[key]":
            held = entries
        else:
            return index, held, words
    return len(path), held, words


def _known_part(path: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out what pydantic appends to a place: the branch of a union, `[key]`."""
    return path[: _walk(path)[0]]


def _hides(path: tuple[str, ...]) -> bool:
    held = _walk(path)[1]
    return is_secret(held) or is_secret(table(held))
