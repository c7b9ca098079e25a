"""The notices that notify sends by itself, as kinds; `receivers.py` sends them."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notify.kinds import Category, Kind, isolate

ACCOUNT = Category(
    "account",
    gettext_lazy("Account"),
    icon="M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM2.500 14a5.500 4 0 0 1 11 0",
)
SECURITY = Category(
    "security",
    gettext_lazy("Security"),
    icon="M8 1.5 13 3.5v4c0 3.200-2.100 5.700-5 7-2.900-1.300-5-3.800-5-7v-4Z",
)


class Welcome(Kind):
    """To each user who is created."""

    key = "notify.welcome"
    category = ACCOUNT
    verbose_name = gettext_lazy("Welcome")

    def title(self) -> str:
        return _("Welcome")

    def body(self) -> str:
        return _("Your notifications appear here as they happen, in every open window.")


class PreferencesChanged(Kind):
    """To a user whose notification preferences staff have changed. `by` is the name of whoever did;
    `page` is the path of the page of preferences, None if there is none."""

    key = "notify.preferences_changed"
    category = ACCOUNT
    verbose_name = gettext_lazy("Preferences changed by someone else")
    required = ("inbox",)

    by: str
    page: str | None = None

    def title(self) -> str:
        return _("%(name)s changed your notification preferences") % {"name": isolate(self.by)}

    def url(self) -> str | None:
        return self.page


class _AboutSecurity(Kind):
    """`password_page` is the path of the page that changes a password; None if there is none."""

    category = SECURITY
    level = "warning"
    required = ("inbox",)

    password_page: str | None = None

    def url(self) -> str | None:
        return self.password_page


class PasswordChanged(_AboutSecurity):
    """To a user whose password replaced another."""

    key = "notify.password_changed"
    verbose_name = gettext_lazy("Password changed")

    def title(self) -> str:
        return _("Your password was changed")

    def body(self) -> str:
        return _("If this wasn't you, reset your password now and contact an administrator.")


class NewDevice(_AboutSecurity):
    """To a user who signed in from a browser that they had not used before. `device` is its name,
    or empty."""

    key = "notify.new_device"
    verbose_name = gettext_lazy("Sign-in from a new device")

    device: str = ""

    def title(self) -> str:
        return _("New sign-in to your account")

    def body(self) -> str:
        where = _("From %(device)s.") % {"device": self.device} if self.device else ""
        what = _("If this wasn't you, change your password now.")
        return f"{where} {what}".strip()
