"""The fields of kinds: their types, and their values as JSON.

pydantic checks and converts them, strictly: a number is no text.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import typing
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model
from django.utils.functional import Promise
from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

from notify.exceptions import InvalidNotice

MAX_BYTES = 4096  # of all fields as JSON
K = TypeVar("K")  # a subclass of `Kind`

_models: dict[Any, type[BaseModel]] = {}  # by kind


def model_of(kind: type[Any]) -> type[BaseModel]:
    """The fields of a kind as a model of pydantic.

    Raises:
        ImproperlyConfigured: A field's type cannot be stored; names the cure.
    """
    if kind not in _models:
        _models[kind] = _new_model(kind)
    return _models[kind]


def _new_model(kind: type[Any]) -> type[BaseModel]:
    try:
        hints = typing.get_type_hints(kind, include_extras=True)
    except NameError as error:
        raise ImproperlyConfigured(
            f"{kind.__qualname__}: {error}. Import the types of fields at run time, not only "
            "under TYPE_CHECKING."
        ) from error
    declared: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        _refuse_models(kind, field.name, hints[field.name])
        default = ... if field.default is dataclasses.MISSING else field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        declared[field.name] = (hints[field.name], default)
    config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)
    try:
        return create_model(kind.__name__, __config__=config, **declared)
    except (PydanticSchemaGenerationError, PydanticUserError) as error:
        raise ImproperlyConfigured(
            f"{kind.__qualname__} has a field whose type cannot be stored as JSON: "
            f"{str(error).splitlines()[0]}"
        ) from error


@functools.cache
def has_time(kind: Any) -> bool:
    """Whether one of its fields is a moment, which reads otherwise in another time zone."""
    return any(_names_time(hint) for hint in typing.get_type_hints(kind).values())


def _names_time(hint: Any) -> bool:
    return hint is datetime or any(map(_names_time, typing.get_args(hint)))


def check(kind: Any) -> None:
    """Raises InvalidNotice for the first field with a value of another type."""
    _validated(type(kind), _values(kind))


def params_of(kind: Any) -> dict[str, Any]:
    """The fields as JSON.

    Raises:
        InvalidNotice: They are too long, or contain what the database cannot store.
    """
    text = _validated(type(kind), _values(kind)).model_dump_json()
    if len(text.encode()) > MAX_BYTES:
        raise InvalidNotice(
            "params",
            f"have {len(text.encode())} bytes as JSON; at most {MAX_BYTES} are allowed. Keep what "
            "the texts need.",
        )
    if "\\u0000" in text:
        raise InvalidNotice("params", "contain a NUL. Remove it.")
    params: dict[str, Any] = json.loads(text)
    return params


def read(kind: type[K], params: Mapping[str, Any]) -> K:
    """A kind with the fields that were stored. Fields that it no longer has are left out.

    Raises:
        InvalidNotice: A field is missing, or has a value of another type.
    """
    model = model_of(kind)
    known = {name: value for name, value in params.items() if name in model.model_fields}
    return _of(kind, known)


def parse(kind: type[K], params: Mapping[str, Any]) -> K:
    """A kind with fields that came as JSON. Raises InvalidNotice, also for unknown names."""
    return _of(kind, params)


def _of(kind: type[K], params: Mapping[str, Any]) -> K:
    try:
        found = model_of(kind).model_validate_json(json.dumps(params))
    except ValidationError as error:
        raise _refusal(error) from None
    return kind(**{name: getattr(found, name) for name in type(found).model_fields})


def _values(kind: Any) -> dict[str, Any]:
    return {name: getattr(kind, name) for name in model_of(type(kind)).model_fields}


def _validated(kind: type[Any], values: Mapping[str, Any]) -> BaseModel:
    try:
        return model_of(kind).model_validate(values)
    except ValidationError as error:
        raise _refusal(error) from None


def _refusal(error: ValidationError) -> InvalidNotice:
    first = error.errors(include_url=False, include_context=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    return InvalidNotice(f"params.{name}", f"{first['msg']}{_cure(first['input'])}.")


def _cure(value: Any) -> str:
    if isinstance(value, Model):
        return f", not {type(value).__name__}. Pass its key, and what the texts need"
    if isinstance(value, Promise):
        return ", not a lazy translation. Translate in title() or body(), for each reader"
    return ""


def _refuse_models(kind: type[Any], name: str, hint: Any) -> None:
    for one in (hint, *typing.get_args(hint)):
        if isinstance(one, type) and apps.models_ready and issubclass(one, Model):
            raise ImproperlyConfigured(
                f"{kind.__qualname__}.{name} is a {one.__name__}. Rows may change or be deleted "
                "after the notice was sent: declare its key, and what the texts need."
            )
