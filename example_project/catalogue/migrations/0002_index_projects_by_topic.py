"""The index that django-personalization recommends: the projects of a topic, from the index alone."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX catalogue_project_by_topic"
            " ON catalogue_project_taxonomies (taxonomy_id, project_id)",
            "DROP INDEX catalogue_project_by_topic",
        ),
    ]
