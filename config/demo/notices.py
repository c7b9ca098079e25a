"""The kinds of the demo: one that counts, and one with a time and a link."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.formats import date_format, time_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from notify import Category, Email, Kind, isolate

ORDERS = Category("orders", gettext_lazy("Orders"), icon="M2 5h12v8H2zM5 5V3h6v2")
MEETINGS = Category("meetings", gettext_lazy("Meetings"), icon="M2 4h12v9H2zM2 7h12M5 2v3M11 2v3")


class OrderShipped(Kind):
    key = "demo.order_shipped"
    category = ORDERS
    level = "success"
    channels = [Email(after=timedelta(seconds=20))]

    number: str
    parcels: int

    def title(self) -> str:
        return _("Order %(number)s is on its way") % {"number": isolate(self.number)}

    def body(self) -> str:
        text = ngettext("It comes in one parcel.", "It comes in %(n)d parcels.", self.parcels)
        return text % {"n": self.parcels}


class MeetingMoved(Kind):
    key = "demo.meeting_moved"
    category = MEETINGS
    level = "warning"

    at: datetime
    room: str

    def title(self) -> str:
        time = time_format(localtime(self.at), "TIME_FORMAT")
        return _("The meeting has moved to %(time)s") % {"time": time}

    def body(self) -> str:
        day = date_format(localtime(self.at), "DATE_FORMAT")
        return _("%(day)s, room %(room)s") % {"day": day, "room": isolate(self.room)}

    def url(self) -> str:
        return "/demo/"
