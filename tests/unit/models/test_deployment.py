from __future__ import annotations

import re

import pytest
from django.db import IntegrityError

from notify.models.deployment import Deployment


def test_each_deployment_has_an_identity_of_its_own() -> None:
    identities = {Deployment.new_identity() for _ in range(10)}
    assert len(identities) == 10
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in identities)


def test_there_is_one_row(db: None) -> None:
    Deployment.objects.get_or_create(defaults={"identity": Deployment.new_identity()})
    with pytest.raises(IntegrityError):
        Deployment.objects.create(pk=2, identity=Deployment.new_identity())
