"""Fields of a kind that show what its texts look like."""

from __future__ import annotations

from typing import Any

from notify.kinds import fields
from notify.kinds.contract import contract_of

_OF_FORMAT = {
    "date": "2026-12-01",
    "date-time": "2026-12-01T14:30:00Z",
    "time": "14:30:00",
    "duration": "PT90M",
    "uuid": "00000000-0000-4000-8000-000000000007",
}
_OF_TYPE: dict[str, Any] = {
    "integer": 2,
    "number": 2.5,
    "boolean": True,
    "object": {},
    "null": None,
}


def example(kind: type[Any]) -> Any:
    """A kind with an example for each field that must be given."""
    [declared] = contract_of([kind]).values()
    given = {
        name: _value(name, field["type"]) for name, field in declared.items() if field["required"]
    }
    return fields.parse(kind, given)


def _value(name: str, schema: dict[str, Any]) -> Any:
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return _value(name, schema[several][0])
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "array":
        return [_value(name, schema.get("items", {}))]
    if schema.get("type") == "string":
        return _OF_FORMAT.get(schema.get("format", ""), name)
    return _OF_TYPE.get(schema.get("type", ""), name)
