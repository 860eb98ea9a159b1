"""The reference must be complete and true."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from service.settings import Settings
from service.settings.reference import json_schema, markdown
from service.settings.tree import Setting, settings_of

ROOT = Path(__file__).parents[2]
ALL = list(settings_of(Settings))


@pytest.mark.parametrize("setting", ALL, ids=lambda setting: setting.name)
def test_every_setting_is_documented(setting: Setting) -> None:
    words = (setting.field.description or "").strip()
    assert words.endswith(".")
    line = next(line for line in markdown().splitlines() if line.startswith(f"| `{setting.name}` |"))
    assert setting.variable in line
    assert setting.required == ("**required**" in line)


def test_the_reference_names_choices_and_secrets() -> None:
    text = markdown()
    assert "One of `test`, `standard`, `elevated`, `unlimited`." in text
    assert "`ORDERFERRY_KAFKA__SASL_PASSWORD_FILE`" in text
    assert "Secrets, with commas; also `ORDERFERRY_EDGE__SHOPIFY_SECRETS_FILE`." in text
    assert "| `tenants.<name>.targets.tax` |" in text


def test_the_schema_of_the_file_knows_every_group() -> None:
    schema = json_schema()
    assert set(schema["properties"]) == set(Settings.model_fields)
    assert schema["additionalProperties"] is False


def test_only_settings_reads_the_environment() -> None:
    readers = set()
    for path in [*ROOT.glob("service/**/*.py"), *ROOT.glob("connectors/**/*.py"), *ROOT.glob("schemas/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv"}:
                readers.add(path.relative_to(ROOT).parts[:2])
    assert readers <= {("service", "settings")}


TARGETS = ("tenants", "<name>", "targets")
"""Handed on as a whole."""


@pytest.mark.parametrize("setting", [one for one in ALL if one.path[:3] != TARGETS], ids=lambda setting: setting.name)
def test_every_setting_is_read_by_something(setting: Setting, names_read: set[str]) -> None:
    assert setting.path[-1] in names_read


@pytest.fixture(scope="module")
def names_read() -> set[str]:
    """Attributes that the code asks for, where settings are used."""
    used = [
        *ROOT.glob("service/bootstrap/*.py"),
        *ROOT.glob("service/cli/*.py"),
        *ROOT.glob("service/settings/**/*.py"),
    ]
    return {
        node.attr
        for path in used
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
