from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notify', '0005_reader'),
    ]

    operations = [
        migrations.AddField(
            model_name='notice',
            name='about_id',
            field=models.CharField(editable=False, max_length=200, null=True),
        ),
        migrations.AddField(
            model_name='notice',
            name='about_type',
            field=models.CharField(editable=False, max_length=100, null=True),
        ),
    ]
