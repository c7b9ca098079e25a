from typing import Any

from django.db import migrations, models
from django.db.models import Count, Min, Q
from django.db.models.functions import Now

OPEN = ["pending", "recalling"]


def take_turns(apps: Any, schema_editor: Any) -> None:
    """What is open now: urgent is what is critical, and all batches of a notice are due at one
    moment, also those that were put off. Scheduled ones are already."""
    batches = apps.get_model("notify", "Batch").objects.using(schema_editor.connection.alias)
    waiting = batches.filter(state__in=OPEN)
    waiting.filter(notice__level="critical").update(urgent=True)
    begun = waiting.filter(Q(notice__send_at=None) | Q(notice__send_at__lte=Now()))
    several = begun.values("notice").annotate(first=Min("due"), n=Count("pk")).filter(n__gt=1)
    for notice, first in list(several.values_list("notice", "first")):
        waiting.filter(notice=notice).update(due=first)


class Migration(migrations.Migration):
    dependencies = [
        ("notify", "0004_deployment"),
    ]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="urgent",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.RemoveIndex(
            model_name="batch",
            name="notify_batch_work",
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(
                condition=models.Q(("state__in", OPEN)),
                fields=["urgent", "due", "notice"],
                name="notify_batch_turns",
            ),
        ),
        migrations.RunPython(take_turns, migrations.RunPython.noop, elidable=True),
    ]
