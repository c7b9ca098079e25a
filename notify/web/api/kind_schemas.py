"""What `POST notices/` takes of each kind, for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic.json_schema import models_json_schema

from notify.kinds import fields

SAID_BY_KIND = frozenset({"title", "body", "level", "category", "url", "actions", "data"})
# No other component has a dot in its name.
_REF = "#/components/schemas/Kind.{model}"


def describe_kinds(components: dict[str, Any], kinds: Iterable[type[Any]]) -> None:
    """Makes the schema `NewNotice` a choice: a notice with texts, or one of a kind with `params`.

    Args:
        components: The schemas of the document, by name. Without kinds they stay as they are.
        kinds: The subclasses of `Kind` that can be sent.
    """
    models = {kind.key: fields.model_of(kind) for kind in kinds}
    if not models:
        return
    refs, definitions = models_json_schema(
        [(model, "validation") for model in models.values()], ref_template=_REF
    )
    for name, definition in definitions["$defs"].items():
        components[f"Kind.{name}"] = definition
    declared = components["NewNotice"]
    components["NewNotice"] = {
        "title": "NewNotice",
        "oneOf": [
            _with_texts(declared),
            *(_of_kind(declared, key, refs[model, "validation"]) for key, model in models.items()),
        ],
    }


def _with_texts(declared: dict[str, Any]) -> dict[str, Any]:
    properties = declared["properties"] | {"params": {"type": "null"}}
    return declared | {"title": "With texts", "properties": properties}


def _of_kind(declared: dict[str, Any], key: str, params: dict[str, Any]) -> dict[str, Any]:
    common = {
        name: schema for name, schema in declared["properties"].items() if name not in SAID_BY_KIND
    }
    return {
        "title": key,
        "type": "object",
        "properties": common | {"kind": {"type": "string", "const": key}, "params": params},
        "required": [*declared["required"], "kind", "params"],
    }
