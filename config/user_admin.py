"""Users in the admin of this deployment: Django's own, with a button that leads to their inbox."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User

from notify.admin.user_link import InboxLinkMixin


class UserWithInboxAdmin(InboxLinkMixin, UserAdmin):  # type: ignore[type-arg]
    pass


def register() -> None:
    """Takes the place of Django's, unless the project has another user model."""
    if admin.site.is_registered(User):
        admin.site.unregister(User)
        admin.site.register(User, UserWithInboxAdmin)
