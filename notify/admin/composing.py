"""The form in which staff write a notice, and choosing people in it."""

from __future__ import annotations

import csv
import uuid
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib.admin.options import ModelAdmin
from django.contrib.admin.sites import AdminSite
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db.models import ForeignKey, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from notify.exceptions import InvalidNotice, KeyConflict, NotifyError, UnknownUsers
from notify.models import Notice, content
from notify.models.users import active_users
from notify.sending.audience import Recipient, everyone
from notify.sending.names import has_word, users_named

if TYPE_CHECKING:
    NoticeModelForm = forms.ModelForm[Notice]
else:  # Django's classes take no parameters at run time
    NoticeModelForm = forms.ModelForm


MAX_FILE_BYTES = 1_000_000
NAMES_SHOWN = 20
MAX_TERM = 100  # characters of a search for people: each word of it is a condition or more


def new_key() -> str:
    return f"admin:{uuid.uuid4()}"


def _action_label(label: Any) -> forms.CharField:
    return forms.CharField(required=False, label=label, max_length=content.MAX_LABEL)


def _action_url() -> forms.CharField:
    return forms.CharField(
        required=False,
        label=_("leads to"),
        max_length=content.MAX_URL,
        help_text=_("A path such as /orders/7/, or an http(s) address."),
    )


class PeopleWidget(AutocompleteSelectMultiple):
    """Django's own autocomplete, asking our view: it lets those search who may send."""

    url_name = "%s:notify_notice_people"

    def get_url(self) -> str:
        return reverse(self.url_name % self.admin_site.name)


class ComposeForm(NoticeModelForm):
    """What `notify.send` takes. Whether it takes it, `send` decides; see Composer.add_view."""

    # What `send` said to this form a moment ago; set on a subclass made for one request.
    refusal: ClassVar[NotifyError | None] = None
    # Shown again as it is, and not carried out: after a dry run, or to go on writing.
    held_back: ClassVar[bool] = False

    users: forms.ModelMultipleChoiceField[Any]  # needs the admin site: see compose_form
    groups = forms.ModelMultipleChoiceField(
        queryset=Group.objects.all(),
        required=False,
        label=_("Groups"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Their active members."),
    )
    permission = forms.ModelChoiceField(
        queryset=Permission.objects.select_related("content_type"),
        required=False,
        label=_("Permission"),
        help_text=_("Active users who have it, by themselves or by a group, and superusers."),
    )
    usernames = forms.CharField(
        required=False,
        label=_("Usernames"),
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        help_text=_(
            "One a line, or CSV. With a heading “username” only that column counts. If one of "
            "them is unknown, nothing is sent."
        ),
    )
    usernames_file = forms.FileField(
        required=False,
        label=_("… from a file"),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
        help_text=_("CSV or text in UTF-8, at most 1 MB."),
    )
    everyone = forms.BooleanField(
        required=False, label=_("Everyone"), help_text=_("All users who are active now.")
    )
    action_1_label = _action_label(_("First button"))
    action_1_url = _action_url()
    action_2_label = _action_label(_("Second button"))
    action_2_url = _action_url()
    # Names this form, so that a double click or a reload sends once.
    form_key = forms.CharField(widget=forms.HiddenInput, initial=new_key, max_length=200)

    _FIELDS: ClassVar = {"to": "users", "key": None, "actions": "action_1_url"}

    def is_valid(self) -> bool:
        return super().is_valid() and not self.held_back

    def clean_usernames(self) -> list[Any]:
        """The users with these names."""
        try:
            return users_named(names_in(self.cleaned_data["usernames"]))
        except csv.Error as error:
            raise forms.ValidationError(_("This cannot be read as CSV.")) from error
        except UnknownUsers as unknown:
            missing = unknown.names
            raise forms.ValidationError(
                ngettext(
                    "%(count)s is unknown: %(names)s",
                    "%(count)s are unknown: %(names)s",
                    len(missing),
                ),
                params={
                    "count": len(missing),
                    "names": ", ".join(missing[:NAMES_SHOWN])
                    + (" …" if len(missing) > NAMES_SHOWN else ""),
                },
            ) from unknown

    def clean_usernames_file(self) -> None:
        """A good one has been put among the usernames: see take_file."""
        if self.cleaned_data["usernames_file"] is not None:
            raise forms.ValidationError(_("This is no text in UTF-8, or it is over 1 MB."))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.refusal is not None:
            self._show(self.refusal)
        elif not self.errors and not self.recipients():
            self.add_error("users", _("Choose people, groups or everyone."))
        return cleaned

    def recipients(self) -> list[Recipient]:
        said = self.cleaned_data
        chosen: list[Recipient] = [
            *(said.get("users") or ()),
            *(said.get("groups") or ()),
            *(said.get("usernames") or ()),
        ]
        if said.get("permission") is not None:
            chosen.append(said["permission"])
        return [*chosen, everyone()] if said.get("everyone") else chosen

    def actions(self) -> list[dict[str, str]]:
        pairs = [
            (self.cleaned_data[f"action_{n}_label"], self.cleaned_data[f"action_{n}_url"])
            for n in (1, 2)
        ]
        return [{"label": label, "url": url} for label, url in pairs if label or url]

    def _show(self, refusal: NotifyError) -> None:
        match refusal:
            case InvalidNotice():
                field = self._FIELDS.get(refusal.field, refusal.field)
                self.add_error(field if field in self.fields else None, refusal.message)
            case KeyConflict():
                self.add_error(
                    None,
                    _(
                        "This form was already sent, as notice %(id)s, and said something else "
                        "then. Open a new one to send another."
                    )
                    % {"id": refusal.notice_id},
                )
            case _:
                self.add_error(None, str(refusal))


def names_in(text: str) -> list[str]:
    """The usernames in a text: lines, CSV, or a column of it that has a heading."""
    delimiter = next((one for one in "\t;," if one in text.partition("\n")[0]), ",")
    rows = [
        [cell.strip() for cell in row]
        for row in csv.reader(text.splitlines(), delimiter=delimiter, skipinitialspace=True)
    ]
    headings = {"username", get_user_model().USERNAME_FIELD.lower()}
    first = [cell.lower() for cell in rows[0]] if rows else []
    column = next((n for n, cell in enumerate(first) if cell in headings), None)
    if column is not None:
        cells = [row[column] for row in rows[1:] if len(row) > column]
    else:
        cells = [cell for row in rows for cell in row]
    return list(dict.fromkeys(cell for cell in cells if cell))


def take_file(request: HttpRequest) -> None:
    """Puts the names of an uploaded file among the usernames, where they are seen and kept."""
    file = request.FILES.get("usernames_file")
    if file is None or (file.size or 0) > MAX_FILE_BYTES:
        return
    try:
        names = names_in(file.read().decode("utf-8-sig"))
    except (UnicodeDecodeError, csv.Error):
        return
    said = request.POST.copy()
    said["usernames"] = "\n".join(filter(None, [said.get("usernames", ""), *names]))
    request.POST = said  # type: ignore[assignment]
    request.FILES.pop("usernames_file")


def compose_form(
    site: AdminSite, refusal: NotifyError | None = None, *, held_back: bool = False
) -> type[ComposeForm]:
    """ComposeForm for one request to this admin site."""
    people = active_users()

    class BoundComposeForm(ComposeForm):
        users = forms.ModelMultipleChoiceField(
            queryset=people,
            required=False,
            label=_("People"),
            help_text=_("Type to search."),
            # Any relation to the user model tells the widget what it chooses from.
            widget=PeopleWidget(Notice._meta.get_field("actor"), site),
        )

    BoundComposeForm.refusal = refusal
    BoundComposeForm.held_back = held_back
    return BoundComposeForm


class PeopleView(AutocompleteJsonView):
    """What PeopleWidget asks. Who may write to everyone may look for somebody by name."""

    notice_admin: Any = None

    def process_request(
        self, request: HttpRequest
    ) -> tuple[str, ModelAdmin[Any], ForeignKey[Any, Any], str]:
        field: Any = Notice._meta.get_field("actor")
        return request.GET.get("term", ""), self.notice_admin, field, "pk"

    def has_perm(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.notice_admin.has_add_permission(request))

    def get_queryset(self) -> QuerySet[Any]:
        """What the admin of users would find, for those who may see users there. Others find by
        user name and full name: by an e-mail address they could ask whether somebody has it."""
        term = self.term[:MAX_TERM]
        users = get_user_model()
        admin = self.admin_site._registry.get(users) if self.admin_site else None
        shown = active_users() if admin is None else active_users(admin.get_queryset(self.request))
        people = shown.order_by(users.USERNAME_FIELD)
        may_see = admin is not None and admin.has_view_permission(self.request)
        if admin is None or not may_see or not admin.get_search_fields(self.request):
            return people.filter(*map(_named_like, term.split()))
        found, may_repeat = admin.get_search_results(self.request, people, term)
        return found.distinct() if may_repeat else found


def _named_like(word: str) -> Q:
    """Users with this word in their user name or full name."""
    users = get_user_model()
    fields = {field.name for field in users._meta.get_fields()}
    names = {users.USERNAME_FIELD, *(fields & {"first_name", "last_name"})}
    return reduce(or_, (has_word(name, word) for name in sorted(names)))
