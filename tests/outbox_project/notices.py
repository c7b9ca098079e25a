from datetime import timedelta

import notify

PARCELS = notify.Category("parcels", "Parcels", channels=[notify.Email(after=timedelta(0))])


class Parcel(notify.Kind):
    key = "outbox_project.parcel"
    category = PARCELS

    number: str

    def title(self) -> str:
        return f"Parcel {self.number}"
