"""Writes the reference of all settings, for people (Markdown) and for editors (JSON Schema)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from service.settings.given import CONFIG
from service.settings.root import Settings
from service.settings.tree import FILE, Setting, bare, is_list, is_secret, settings_of, table

_HEAD = f"""\
# Settings

From a YAML file (`--config` or `{CONFIG}`) and from the environment, which goes over the file.
`kafka.group_id` of the file is `ORDERFERRY_KAFKA__GROUP_ID` in the environment. A list is written with commas or as
JSON. A secret may be given as a file: the same name with `_file` (`_FILE`). A name that is not here is refused.
"""


def markdown() -> str:
    """One table a group; every setting with its variable, default and meaning."""
    return "\n".join([_HEAD, *_tables(), ""])


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file."""
    return Settings.model_json_schema()


def _tables() -> Iterator[str]:
    group: tuple[str, ...] = ()
    for setting in settings_of(Settings):
        if setting.path[:-1] != group:
            group = setting.path[:-1]
            yield f"\n## {'.'.join(group)}\n\n| Setting | Variable | Default | Meaning |\n|---|---|---|---|"
        yield _row(setting)


def _row(setting: Setting) -> str:
    default = "**required**" if setting.required else f"`{setting.default}`" if setting.default else ""
    words = " ".join((setting.field.description or "").split())
    secret = "Secrets, with commas" if is_list(setting.field.annotation) else "Secret"
    form = f" {secret}; also `{setting.variable}{FILE.upper()}`." if is_secret(setting.field.annotation) else ""
    entries = " A table of names and values." if table(setting.field.annotation) is not None else ""
    cells = (f"`{setting.name}`", f"`{setting.variable}`", default, f"{words}{_choices(setting)}{entries}{form}")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _choices(setting: Setting) -> str:
    held = bare(setting.field.annotation)
    if not get_args(held) or get_origin(held) in (dict, tuple, frozenset):
        return ""
    words = [part for part in get_args(held) if isinstance(part, str)]
    return f" One of {', '.join(f'`{word}`' for word in words)}." if words else ""
