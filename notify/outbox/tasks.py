"""The outbox as a task, for projects that have a task backend and no workers of notify: enqueue it
every minute.

The framework is a part of Django 6; for Django 5.2 it is the package `django-tasks`.
"""

from __future__ import annotations

from importlib import import_module

from django import VERSION

from notify.outbox import worker

task = import_module("django.tasks" if VERSION >= (6, 0) else "django_tasks").task


@task()  # type: ignore[untyped-decorator]  # one of two packages
def hand_out_due() -> int:
    """Hands out all that is due. Any number of them may run at a time.

    What fails for one person, batch or message is logged, and tried again by the next task: this
    one is successful, as it has done all that could be done.

    Returns:
        The number of messages.

    Raises:
        Exception: Five failures in a row, so that the task has failed: the database is away, for
            instance.
    """
    return worker.hand_out_due()
