"""Batches as tasks of the `django.tasks` backend that `NOTIFY_TASK_BACKEND` names.

The framework is a part of Django 6; for Django 5.2 it is the package `django-tasks`.
"""

from __future__ import annotations

from importlib import import_module

from django import VERSION

from notify.sending import carrying_out

task = import_module("django.tasks" if VERSION >= (6, 0) else "django_tasks").task


@task()  # type: ignore[untyped-decorator]  # one of two packages
def carry_out_batch(batch_id: int) -> bool:
    """Carries out one batch, to the last copy of a recall. Safe to run more than once.

    Returns:
        Whether there was anything to do.
    """
    worked = False
    while carrying_out.carry_out(batch_id):
        worked = True
    return worked


def enqueue(batch_id: int, backend: str) -> None:
    """Enqueues a batch at this backend (an alias in the setting TASKS)."""
    carry_out_batch.using(backend=backend).enqueue(batch_id)
