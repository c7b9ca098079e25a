from datetime import timedelta

from django.utils.translation import gettext as _

import notify

PARCELS = notify.Category("parcels", "Parcels", channels=[notify.Email(after=timedelta(0))])


class Parcel(notify.Kind):
    key = "outbox_project.parcel"
    category = PARCELS

    number: str

    def title(self) -> str:
        return f"Parcel {self.number}"


LETTERS = notify.Category(
    "letters", "Letters", channels=[notify.Email(after=timedelta(seconds=4), unless="read")]
)


class Letter(notify.Kind):
    key = "outbox_project.letter"
    category = LETTERS

    number: str

    def title(self) -> str:
        return _("Order %(number)s is on its way") % {"number": self.number}  # as of the demo


POSTERS = notify.Category(
    "posters", "Posters", channels=[notify.Email(after=timedelta(seconds=4), unless="seen")]
)


class Poster(notify.Kind):
    key = "outbox_project.poster"
    category = POSTERS

    number: str

    def title(self) -> str:
        return f"Poster {self.number}"
