"""The form in which staff compose a notice."""

from __future__ import annotations

import csv
import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib.admin.sites import AdminSite
from django.contrib.auth.models import Group, Permission
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from notify.admin.content_errors import content_errors
from notify.admin.user_search import UserSearchWidget
from notify.admin.usernames import parse_usernames
from notify.exceptions import InvalidNotice, KeyConflict, NotifyError, UnknownUsers
from notify.models import Level, Notice, content
from notify.models.users import active_users
from notify.sending.audience import Audience, Recipient, everyone
from notify.sending.names import users_named

if TYPE_CHECKING:
    NoticeModelForm = forms.ModelForm[Notice]
else:  # Django's classes take no parameters at run time
    NoticeModelForm = forms.ModelForm


NAMES_SHOWN = 20
AUDIENCE_FIELDS = frozenset({"users", "groups", "permission", "usernames", "usernames_file"})

LEVEL_LINES = {
    Level.INFO: _("In the bell, without a toast."),
    Level.SUCCESS: _("In the bell, marked as good news."),
    Level.WARNING: _("In the bell, marked as a warning."),
    Level.ERROR: _("In the bell, and as a toast for a few seconds."),
    Level.CRITICAL: _(
        "A toast that stays in every open window until it is dismissed; screen readers "
        "announce it at once."
    ),
}


def new_key() -> str:
    return f"admin:{uuid.uuid4()}"


def level_choices() -> list[tuple[str, str]]:
    """The levels, each with a line on what it does."""
    return [
        (level.value, format_html('{} <span class="help">{}</span>', level.label, line))
        for level, line in LEVEL_LINES.items()
    ]


def _action_label(label: Any) -> forms.CharField:
    return forms.CharField(required=False, label=label, max_length=content.MAX_LABEL)


def _action_url() -> forms.CharField:
    return forms.CharField(
        required=False,
        label=_("Link"),
        max_length=content.MAX_URL,
    )


class ComposeForm(NoticeModelForm):
    """The arguments of `notify.send`, which validates them: see ComposeMixin.add_view."""

    # What `send` raised for this form; set on a subclass made for one request.
    refusal: ClassVar[NotifyError | None] = None
    # Redisplayed unchanged and not sent: to continue editing.
    held_back: ClassVar[bool] = False
    # Sent to its author only.
    is_trial: ClassVar[bool] = False

    users: forms.ModelMultipleChoiceField[Any]  # needs the admin site: see compose_form
    groups = forms.ModelMultipleChoiceField(
        queryset=Group.objects.all(),
        required=False,
        label=_("Groups"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Active members of these groups."),
    )
    permission = forms.ModelChoiceField(
        queryset=Permission.objects.select_related("content_type"),
        required=False,
        label=_("Permission"),
        help_text=_(
            "Active users with this permission, directly or through a group, and superusers."
        ),
    )
    usernames = forms.CharField(
        required=False,
        label=_("Usernames"),
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        help_text=_(
            "One per line, or CSV. If there is a “username” column, only that is used. If any "
            "name is unknown, nothing is sent."
        ),
    )
    usernames_file = forms.FileField(
        required=False,
        label=_("Usernames from a file"),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
        help_text=_("UTF-8 text or CSV, up to 1 MB."),
    )
    everyone = forms.BooleanField(
        required=False,
        label=_("Everyone"),
        help_text=_("All active users, no matter who is chosen above."),
    )
    action_1_label = _action_label(_("Button 1"))
    action_1_url = _action_url()
    action_2_label = _action_label(_("Button 2"))
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
            raise forms.ValidationError(
                _("This isn't valid CSV. Enter one username per line.")
            ) from error
        except UnknownUsers as unknown:
            missing = unknown.names
            raise forms.ValidationError(
                ngettext(
                    "%(count)s unknown username: %(names)s",
                    "%(count)s unknown usernames: %(names)s",
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
            raise forms.ValidationError(_("The file must be UTF-8 text, up to 1 MB."))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.refusal is not None:
            self._show(self.refusal)
            return cleaned
        for field, text in content_errors(cleaned):
            self.add_error(field, text)
        if not self.is_trial and self.errors.keys().isdisjoint(AUDIENCE_FIELDS):
            self._check_recipients()
        return cleaned

    def _check_recipients(self) -> None:
        to = self.recipients()
        if not to:
            self.add_error("users", _("Choose people, groups or everyone."))
        elif not Audience.of(to).people().exists():
            self.add_error("users", _("This reaches nobody. Choose other recipients."))

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
                    _("This form was already used to send notice %(id)s. Start a new notice.")
                    % {"id": refusal.notice_id},
                )
            case _:
                self.add_error(None, str(refusal))


def compose_form(
    site: AdminSite,
    refusal: NotifyError | None = None,
    *,
    held_back: bool = False,
    is_trial: bool = False,
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
    BoundComposeForm.is_trial = is_trial
    return BoundComposeForm
