"""Batches as tasks of a `django.tasks` backend, where `NOTIFY_TASK_BACKEND` names one.

Django 6 brings the framework; on Django 5.2 it is the package `django-tasks`.
"""

from __future__ import annotations

from importlib import import_module

from django import VERSION

from notify import sending

task = import_module("django.tasks" if VERSION >= (6, 0) else "django_tasks").task


@task()  # type: ignore[untyped-decorator]  # one of two packages
def carry_out_batch(batch_id: int) -> bool:
    """Carries out one batch; free to be repeated."""
    return sending.carry_out(batch_id)


def enqueue(batch_id: int, backend: str) -> None:
    """Gives the batch to this backend (an alias of the setting TASKS)."""
    carry_out_batch.using(backend=backend).enqueue(batch_id)
