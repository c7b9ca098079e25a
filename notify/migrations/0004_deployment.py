import secrets
from typing import Any

from django.db import migrations, models


def name_it(apps: Any, schema_editor: Any) -> None:
    deployments = apps.get_model("notify", "Deployment").objects.using(schema_editor.connection.alias)
    deployments.get_or_create(pk=1, defaults={"identity": secrets.token_hex(16)})


class Migration(migrations.Migration):

    dependencies = [
        ('notify', '0003_index_copies'),
    ]

    operations = [
        migrations.CreateModel(
            name='Deployment',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('identity', models.CharField(max_length=32)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='notify_one_deployment')],
            },
        ),
        migrations.RunPython(name_it, migrations.RunPython.noop),
    ]
