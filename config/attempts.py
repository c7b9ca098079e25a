"""Limits password attempts: LIMIT per PERIOD. Further attempts are refused until the period ends.

An attempt is counted before the password is checked, in one transaction, and given back if the
password was right. If it were counted afterwards, a thousand simultaneous attempts would all be
checked before the first has failed. The counts are in the database, in the table of django-axes,
for all processes. A row has a keyed hash of what is counted, and no name, address or browser.
Refused attempts do not prolong the wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from axes.models import AccessAttempt
from django.db import router, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

LIMIT = 10  # enough for a person who tries all their passwords
# 100 failed attempts an hour for one account: OWASP ASVS 4.0.3, 2.2.1.
PERIOD = timedelta(minutes=6)
MAX_PRUNED = 100

# axes stores an address and a browser with each name; one row per name needs neither.
NO_ADDRESS = "::"
NO_BROWSER = ""

_rows: Any = AccessAttempt.objects


class TooManyAttempts(Exception):
    """`wait` is the time until the next attempt is allowed."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"Too many attempts; wait for {wait}.")
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Attempt:
    key: str
    period_began: datetime
    number: int

    def give_back(self) -> None:
        """Uncounts the attempt, because the password was right."""
        same_period = _rows.filter(username=self.key, attempt_time=self.period_began)
        same_period.filter(failures_since_start__gt=0).update(
            failures_since_start=F("failures_since_start") - 1
        )

    @property
    def is_the_last(self) -> bool:
        return self.number == LIMIT


def take(kind: str, *names: str) -> Attempt:
    """Counts an attempt of this kind for these names.

    Raises:
        TooManyAttempts: The limit of this period is reached.
    """
    now = timezone.now()
    key = _key(kind, *names)
    with _transaction():
        row, is_new = _rows.select_for_update().get_or_create(
            username=key,
            ip_address=NO_ADDRESS,
            user_agent=NO_BROWSER,
            defaults={"failures_since_start": 0},
        )
        if row.attempt_time + PERIOD <= now:
            row.attempt_time, row.failures_since_start = now, 0
        if row.failures_since_start >= LIMIT:
            raise TooManyAttempts(row.attempt_time + PERIOD - now)
        row.failures_since_start += 1
        row.save(update_fields=["attempt_time", "failures_since_start"])
    if is_new:  # only then did the table grow
        _prune(now)
    return Attempt(key, row.attempt_time, row.failures_since_start)


def forget(kind: str, *names: str) -> int:
    """Ends the wait for these names. Returns the number of deleted counts."""
    return _delete(_rows.filter(username=_key(kind, *names)))


def forget_all() -> int:
    """Ends every wait. Returns the number of deleted counts."""
    return _delete(_rows.all())


def _prune(now: datetime) -> None:
    """Deletes expired rows; skips locked ones."""
    with _transaction():
        expired = _rows.select_for_update(skip_locked=True).filter(attempt_time__lte=now - PERIOD)
        _delete(_rows.filter(pk__in=list(expired.values_list("pk", flat=True)[:MAX_PRUNED])))


def _key(kind: str, *names: str) -> str:
    return salted_hmac("config.attempts", repr((kind, names)), algorithm="sha256").hexdigest()


def _transaction() -> Any:
    return transaction.atomic(using=router.db_for_write(AccessAttempt))


def _delete(rows: Any) -> int:
    deleted, _ = rows.delete()
    return int(deleted)
