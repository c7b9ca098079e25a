"""Kinds of notices: declared once, as classes whose fields a type checker knows.

    # notices.py of an app
    class OrderShipped(notify.Kind):
        key = "shop.order_shipped"
        number: str

        def title(self) -> str:
            return _("Order %(number)s has shipped") % {"number": self.number}

    notify.send(OrderShipped(number="A-7"), to=user)

Nothing here imports a model, so that any module of a project may declare kinds, also before Django
has loaded its models.
"""

from notify.kinds.about import About
from notify.kinds.category import Category
from notify.kinds.isolating import isolate
from notify.kinds.kind import Kind

__all__ = ["About", "Category", "Kind", "isolate"]
