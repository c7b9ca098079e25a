"""As `sender`, of notices that are a kind."""

from __future__ import annotations

from typing import Any

import notify
from tests.benchmarks import sender
from tests.benchmarks.site.notices import OrderSent


def order_sent(n: int, to: Any) -> notify.NewNotice:
    return notify.NewNotice.of(OrderSent(n=n), to=to)


if __name__ == "__main__":
    sender.main(order_sent)
