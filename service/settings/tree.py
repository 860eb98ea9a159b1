"""The tree of known settings: which names stand at a place, what they hold, and which name was probably meant."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

PREFIX = "ORDERFERRY_"
DELIMITER = "__"
FILE = "_file"
"""A secret `x` may be given as `x_file`: the path of a file that holds it."""


def bare(annotation: object) -> object:
    """Strip `Annotated` and `| None`: what a setting holds when it is there."""
    if get_origin(annotation) is Annotated:
        return bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        held = [part for part in get_args(annotation) if part is not type(None)]
        return bare(held[0]) if len(held) == 1 else annotation
    return annotation


def section(annotation: object) -> type[BaseModel] | None:
    """Return the group of settings that stands here, if it is one."""
    held = bare(annotation)
    return held if isinstance(held, type) and issubclass(held, BaseModel) else None


def table(annotation: object) -> object | None:
    """Return what each entry of a mapping holds, if a mapping stands here."""
    held = bare(annotation)
    return get_args(held)[1] if get_origin(held) in (dict, Mapping) else None


def is_list(annotation: object) -> bool:
    """Whether several values stand here."""
    return get_origin(bare(annotation)) in (tuple, list, frozenset, set)


def is_secret(annotation: object) -> bool:
    """Whether the value, or each of several, must never be shown."""
    held = bare(annotation)
    return held is SecretStr or (is_list(held) and SecretStr in get_args(held))


def env_name(path: Sequence[str]) -> str:
    """Return the environment variable that sets this."""
    return PREFIX + DELIMITER.join(path).upper()


def nearest(name: str, known: Sequence[str]) -> str | None:
    """Return the known name that was probably meant."""
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return close[0] if close else None


def known_names(model: type[BaseModel]) -> list[str]:
    """Every name that may stand in a group, with the file form of its secrets."""
    return [
        form
        for name, field in model.model_fields.items()
        for form in ((name, name + FILE) if is_secret(field.annotation) else (name,))
    ]


def secret_behind(name: str, model: type[BaseModel]) -> str | None:
    """Return the secret that `name` gives as a file, if it does."""
    if name in model.model_fields or not name.endswith(FILE):
        return None
    field = model.model_fields.get(name.removesuffix(FILE))
    return name.removesuffix(FILE) if field is not None and is_secret(field.annotation) else None


@dataclass(frozen=True, slots=True)
class Setting:
    """One documented setting."""

    path: tuple[str, ...]
    field: FieldInfo

    @property
    def name(self) -> str:
        """As it is written in the file: `kafka.group_id`."""
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        """As it is written in the environment."""
        return env_name(self.path)

    @property
    def required(self) -> bool:
        """Whether there is no default."""
        return self.field.is_required()

    @property
    def default(self) -> str:
        """The default in words; empty where there is none."""
        value: Any = self.field.get_default(call_default_factory=True, validated_data={})
        if value is PydanticUndefined or value is None:
            return ""
        if isinstance(value, SecretStr):
            return value.get_secret_value()  # a default is no secret
        if isinstance(value, (tuple, frozenset, dict)):  # of secrets there is never a default
            return ", ".join(str(part) for part in value)
        return str(value).lower() if isinstance(value, bool) else str(value)


def settings_of(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[Setting]:
    """Walk every setting, the entries of a table of groups under `<name>`."""
    for name, field in model.model_fields.items():
        here = (*path, name)
        entries = table(field.annotation)
        inner = section(field.annotation if entries is None else entries)
        if inner is None or inner.__module__.startswith("schemas."):
            yield Setting(here, field)
        else:
            yield from settings_of(inner, here if entries is None else (*here, "<name>"))
