"""The form in which staff compose a notice."""

from __future__ import annotations

import csv
import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib.admin.sites import AdminSite
from django.contrib.auth.models import Group, Permission
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from notify.admin.user_search import UserSearchWidget
from notify.admin.usernames import parse_usernames
from notify.exceptions import InvalidNotice, KeyConflict, NotifyError, UnknownUsers
from notify.models import Notice, content
from notify.models.users import active_users
from notify.sending.audience import Recipient, everyone
from notify.sending.names import users_named

if TYPE_CHECKING:
    NoticeModelForm = forms.ModelForm[Notice]
else:  # Django's classes take no parameters at run time
    NoticeModelForm = forms.ModelForm


NAMES_SHOWN = 20


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


class ComposeForm(NoticeModelForm):
    """The arguments of `notify.send`, which validates them: see ComposeMixin.add_view."""

    # What `send` raised for this form; set on a subclass made for one request.
    refusal: ClassVar[NotifyError | None] = None
    # Redisplayed unchanged and not sent: after a dry run, or to continue editing.
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
    # The idempotency key of this form: a double click or a reload sends once.
    form_key = forms.CharField(widget=forms.HiddenInput, initial=new_key, max_length=200)

    # The field that shows an error of an argument of `send`.
    _FIELDS: ClassVar = {"to": "users", "key": None, "actions": "action_1_url"}

    def is_valid(self) -> bool:
        return super().is_valid() and not self.held_back

    def clean_usernames(self) -> list[Any]:
        """The users with these names."""
        try:
            return users_named(parse_usernames(self.cleaned_data["usernames"]))
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
        """Rejects any file: `move_file_to_text_field` has removed a readable one."""
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
        data = self.cleaned_data
        chosen: list[Recipient] = [
            *(data.get("users") or ()),
            *(data.get("groups") or ()),
            *(data.get("usernames") or ()),
        ]
        if data.get("permission") is not None:
            chosen.append(data["permission"])
        return [*chosen, everyone()] if data.get("everyone") else chosen

    def actions(self) -> list[dict[str, str]]:
        pairs = [
            (self.cleaned_data[f"action_{n}_label"], self.cleaned_data[f"action_{n}_url"])
            for n in (1, 2)
        ]
        return [{"label": label, "url": url} for label, url in pairs if label or url]

    def notice_arguments(self) -> dict[str, Any]:
        """The arguments of `send`, except `to` and `sender`."""
        names = ("title", "body", "level", "category", "url", "send_at", "expires")
        values = {name: self.cleaned_data[name] for name in names}
        return values | {"actions": self.actions(), "key": self.cleaned_data["form_key"]}

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
            # The widget takes the model to search from this relation: any to users will do.
            widget=UserSearchWidget(Notice._meta.get_field("actor"), site),
        )

    BoundComposeForm.refusal = refusal
    BoundComposeForm.held_back = held_back
    return BoundComposeForm
