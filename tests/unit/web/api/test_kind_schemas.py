from __future__ import annotations

import json
from decimal import Decimal
from enum import Enum
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from django.test import Client

from notify import Kind
from notify.kinds import registry
from notify.web.api.ninja_api import api
from tests.unit.kinds.examples import Everything, InItsLanguage, OrderShipped

TO = {"to": {"users": ["ada"]}}


class Element(Enum):
    """It has the name of a schema of ours."""

    FIRE = "fire"


class Another:
    class OrderShipped(Kind):  # the name of a class says nothing: `key` does
        amount: Decimal
        of: Element


def document(monkeypatch: pytest.MonkeyPatch, *kinds: type[Kind]) -> Any:
    """The OpenAPI document of a project with these kinds."""
    monkeypatch.setattr(registry, "_kinds", {kind.key: kind for kind in kinds})
    return json.loads(json.dumps(api.get_openapi_schema()))


def is_accepted(document: Any, body: Any) -> bool:
    """Whether the document allows this body of `POST notices/`."""
    operation = document["paths"]["/api/notify/notices/"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    rooted = schema | {"components": document["components"]}
    return jsonschema_rs.validator_for(rooted, validate_formats=True).is_valid(body)


@pytest.fixture
def with_two(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(Everything, "key", "shop.everything")
    return document(monkeypatch, OrderShipped, Everything)


def test_a_project_without_kinds_has_the_document_that_it_had(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = document(monkeypatch)
    assert found["components"]["schemas"]["NewNotice"]["required"] == ["to"]
    assert not [name for name in found["components"]["schemas"] if "." in name]
    assert is_accepted(found, TO | {"title": "Hello"})


def test_a_document_with_kinds_is_an_openapi_document(with_two: Any) -> None:
    schemathesis.openapi.from_dict(with_two).validate()
    kinds = with_two["components"]["schemas"]["NewNotice"]["oneOf"][1:]
    assert [kind["title"] for kind in kinds] == ["shop.everything", "shop.order_shipped"]


@pytest.mark.parametrize(
    "body",
    [
        {"title": "Hello"},
        {"title": "Hello", "kind": "greeting", "params": None},
        {"title": "Hello", "kind": "shop.order_shipped"},
        {"kind": "shop.order_shipped", "params": {"number": "A-7"}},
        {
            "kind": "shop.order_shipped",
            "params": {"number": "A-7", "day": "2026-12-01"},
            "key": "7",
        },
    ],
)
def test_it_allows_a_notice_with_texts_and_one_of_a_kind(with_two: Any, body: Any) -> None:
    assert is_accepted(with_two, TO | body)


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "shop.order_shipped", "params": {}},
        {"kind": "shop.order_shipped", "params": {"number": 7}},
        {"kind": "shop.order_shipped", "params": {"number": "A-7", "day": "tomorrow"}},
        {"kind": "shop.order_shipped", "params": {"number": "A-7", "colour": "red"}},
        {"kind": "shop.everything", "params": {"number": "A-7"}},
        {"kind": "shop.nothing", "params": {"number": "A-7"}},
        {"params": {"number": "A-7"}},
        {"kind": "shop.order_shipped", "params": {"number": "A-7"}, "to": 7},
    ],
)
def test_it_refuses_params_that_are_not_those_of_the_kind(with_two: Any, body: Any) -> None:
    assert not is_accepted(with_two, TO | body)


def test_each_field_of_a_kind_has_its_type(with_two: Any) -> None:
    of_kind = with_two["components"]["schemas"]["Kind.Everything"]["properties"]
    assert of_kind["of"] == {"title": "Of", "type": "string", "format": "uuid"}
    assert of_kind["way"] == {"title": "Way", "type": "string", "enum": ["up", "down"]}


def test_kinds_and_types_of_one_name_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Another.OrderShipped, "key", "other.order_shipped")
    found = document(monkeypatch, OrderShipped, Another.OrderShipped, InItsLanguage)
    schemathesis.openapi.from_dict(found).validate()
    assert is_accepted(found, TO | {"kind": "shop.order_shipped", "params": {"number": "A-7"}})
    for element, accepted in (("fire", True), ("water", False)):
        params = {"amount": "1.50", "of": element}
        body = TO | {"kind": "other.order_shipped", "params": params}
        assert is_accepted(found, body) is accepted
    assert is_accepted(found, TO | {"kind": "shop.language", "params": {}})
    assert "html" in found["components"]["schemas"]["Element"]["properties"]


def test_the_document_that_is_served_has_the_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_kinds", {OrderShipped.key: OrderShipped})
    served = Client().get("/api/notify/openapi.json").json()
    assert "Kind.OrderShipped" in served["components"]["schemas"]
