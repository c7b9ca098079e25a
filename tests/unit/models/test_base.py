from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db

MODELS = "notify.models."


def test_accessors_on_the_user_model_have_our_prefix():
    fields = User._meta.get_fields(include_hidden=True)
    ours = [
        one for one in fields if getattr(one.related_model, "__module__", "").startswith(MODELS)
    ]
    assert len(ours) >= 4
    for relation in ours:
        assert relation.is_relation
        if not relation.hidden:
            assert relation.get_accessor_name().startswith("notify_")
            assert relation.name.startswith("notify_")  # of a query


class Replicated:
    def db_for_read(self, model, **hints):
        return "replica"

    def db_for_write(self, model, **hints):
        return "primary"


@pytest.mark.parametrize("model", [*apps.get_app_config("notify").get_models()], ids=str)
def test_every_model_is_read_where_it_is_written(settings, model):
    settings.DATABASE_ROUTERS = [Replicated()]
    for manager in (model.objects, model._default_manager, model._base_manager):
        assert manager.all().db == "primary"
        assert manager.using("replica").db == "replica"
        assert manager.db_manager("replica").all().db == "replica"
