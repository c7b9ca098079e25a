"""The sections of the compose form, and what it says about times."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

FIELDSETS = (
    (
        gettext_lazy("Recipients"),
        {
            "fields": (
                "users",
                "groups",
                "permission",
                "usernames",
                "usernames_file",
                "everyone",
                "form_key",
            )
        },
    ),
    (gettext_lazy("Message"), {"fields": ("title", "body")}),
    (gettext_lazy("Importance"), {"fields": ("level", "category")}),
    (
        gettext_lazy("Links"),
        {
            "fields": (
                "url",
                ("action_1_label", "action_1_url"),
                ("action_2_label", "action_2_url"),
            )
        },
    ),
    (gettext_lazy("Schedule"), {"fields": ("send_at", "expires")}),
)

TIME_HELP = {
    "send_at": gettext_lazy("Leave empty to send now. Time zone: %(zone)s."),
    "expires": gettext_lazy(
        "When the notice disappears. Leave empty to keep it. Time zone: %(zone)s."
    ),
}
