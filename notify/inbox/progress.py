"""How far a notice is, and how many notices there are."""

from __future__ import annotations

from typing import Any

from notify.models import Notice


def notices_after(newest: int | None) -> tuple[int, int]:
    """The newest notice and how many came after another.

    Args:
        newest: the id of a notice; None counts none.

    Returns:
        The id of the newest notice, and the number of notices with an id above `newest`.
    """
    last = Notice.objects.order_by("-pk").values_list("pk", flat=True).first()
    if newest is None or not last:
        return last or 0, 0
    written = Notice.objects.filter(pk__gt=newest).count()
    return max(last, newest), written


def progress(notice_id: int) -> dict[str, Any] | None:
    """The status of a notice and the number of its recipients in each state; None without it."""
    notice = Notice.objects.with_progress().filter(pk=notice_id).first()
    if notice is None:
        return None
    names = ("recipients", "appended", "skipped", "cancelled", "batches", "batches_open")
    return {"status": notice.status, **{name: getattr(notice, name) for name in names}}
