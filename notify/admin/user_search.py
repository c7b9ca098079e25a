"""User autocomplete in the compose form, for staff who may send but may not view users."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from django.contrib.admin.options import ModelAdmin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.contrib.auth import get_user_model
from django.db.models import ForeignKey, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from notify.models import Notice
from notify.models.users import active_users
from notify.sending.names import has_word

MAX_TERM = 100  # characters of a search term: each word adds at least one condition


class UserSearchWidget(AutocompleteSelectMultiple):
    """Django's autocomplete widget, pointed at UserSearchView."""

    url_name = "%s:notify_notice_people"

    def get_url(self) -> str:
        return reverse(self.url_name % self.admin_site.name)


class UserSearchView(AutocompleteJsonView):
    """Answers UserSearchWidget. Requires the permission to send."""

    notice_admin: Any = None

    def process_request(
        self, request: HttpRequest
    ) -> tuple[str, ModelAdmin[Any], ForeignKey[Any, Any], str]:
        field: Any = Notice._meta.get_field("actor")
        return request.GET.get("term", ""), self.notice_admin, field, "pk"

    def has_perm(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.notice_admin.has_add_permission(request))

    def get_queryset(self) -> QuerySet[Any]:
        """Staff who may view users in the admin search as the user admin does. Others search by
        username and full name only: a search by e-mail address would reveal who has it."""
        term = self.term[:MAX_TERM]
        users = get_user_model()
        admin = self.admin_site._registry.get(users) if self.admin_site else None
        shown = active_users() if admin is None else active_users(admin.get_queryset(self.request))
        people = shown.order_by(users.USERNAME_FIELD)
        may_view = admin is not None and admin.has_view_permission(self.request)
        if admin is None or not may_view or not admin.get_search_fields(self.request):
            return people.filter(*map(_name_contains, term.split()))
        found, may_repeat = admin.get_search_results(self.request, people, term)
        return found.distinct() if may_repeat else found


def _name_contains(word: str) -> Q:
    """Matches users with this word in their username or full name."""
    users = get_user_model()
    fields = {field.name for field in users._meta.get_fields()}
    names = {users.USERNAME_FIELD, *(fields & {"first_name", "last_name"})}
    return reduce(or_, (has_word(name, word) for name in sorted(names)))
