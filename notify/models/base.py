"""What all of our models share: they are read from the database that is written to."""

from __future__ import annotations

from functools import cache
from typing import TypeVar

from django.apps import apps
from django.db import models, router

_Model = TypeVar("_Model", bound=models.Model)


class PrimaryManager(models.Manager[_Model]):
    """Reads from the database that is written to, whatever `db_for_read` of a router says: a
    replica may lag behind the last write. `using` still selects another database."""

    def get_queryset(self) -> models.QuerySet[_Model]:
        found = super().get_queryset()
        return found if self._db else found.using(primary())


class BaseRow(models.Model):
    """Abstract base of our models. Relations and `refresh_from_db` use its manager, too."""

    objects = PrimaryManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"


def primary() -> str:
    """The alias of the database that holds all of our rows, and the users."""
    return router.db_for_write(_inbox())


@cache
def _inbox() -> type[models.Model]:
    return apps.get_model("notify", "Inbox")
