from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notify', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='notification',
            name='before',
            field=models.SmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='notification',
            name='mark_key',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='inbox',
            name='opened',
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='inbox',
            name='overlooked',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
    ]
