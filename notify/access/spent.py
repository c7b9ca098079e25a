"""Tickets that are spent: the insert decides who of two used one first."""

from __future__ import annotations

from collections.abc import Collection

from notify import sql
from notify.models import SpentTicket
from notify.sql import database


def spend(nonces: Collection[str]) -> set[str]:
    """Spends these tickets, all or none; those that were not spent before."""
    if not nonces:
        return set()
    spent = sql.moment(database.now())
    # In one order everywhere: two who insert the same wait for each other.
    rows = [value for nonce in sorted(set(nonces)) for value in (nonce, spent)]
    places = ", ".join(["(%s, %s)"] * (len(rows) // 2))
    inserted = sql.fetch(
        f"INSERT INTO {sql.table(SpentTicket)} (nonce, spent) VALUES {places}"
        " ON CONFLICT (nonce) DO NOTHING RETURNING nonce",
        rows,
    )
    return {nonce for (nonce,) in inserted}
