"""What stored notices rely on: keys of kinds, and their fields. A file of it, kept with the
project, shows a change that stored notices do not survive before it is deployed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from notify.kinds import fields

_TEXTS_OF_SCHEMAS = {"title", "description", "default", "examples"}
Contract = dict[str, dict[str, dict[str, Any]]]


def contract_of(kinds: Iterable[type[Any]]) -> Contract:
    """By key, then by field: its `type` as JSON Schema, and whether it is `required`."""
    return {kind.key: _fields_of(kind) for kind in kinds}


def _fields_of(kind: type[Any]) -> dict[str, dict[str, Any]]:
    schema = fields.model_of(kind).model_json_schema()
    required = set(schema.get("required", ()))
    definitions = schema.get("$defs", {})
    return {
        name: {"type": _plain(one, definitions), "required": name in required}
        for name, one in sorted(schema.get("properties", {}).items())
    }


def _plain(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """A schema without texts, and with what it refers to in its place."""
    if isinstance(schema, list):
        return [_plain(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _plain(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {
        name: _plain(one, definitions)
        for name, one in schema.items()
        if name not in _TEXTS_OF_SCHEMAS
    }


def breaks(before: Contract, after: Contract) -> list[str]:
    """What of `after` notices that were stored `before` would not survive, each with its cure."""
    found = []
    for key, old in before.items():
        if key not in after:
            found.append(f"{key}: the kind is gone. Its notices show their stored texts for ever.")
            continue
        new = after[key]
        for name in sorted(old.keys() | new.keys()):
            wrong = _break(old.get(name), new.get(name))
            if wrong:
                found.append(f"{key}.{name}: {wrong}")
    return found


def _break(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> str:
    if new is None:
        return "the field is gone, and what was stored in it is ignored."
    if old is None:
        lacks = "the field is new, and stored notices lack it. Give it a default."
        return lacks if new["required"] else ""
    if old["type"] != new["type"]:
        return "the type has changed. Add a field with a default instead."
    if new["required"] and not old["required"]:
        return "the default is gone, and stored notices may lack the field."
    return ""
