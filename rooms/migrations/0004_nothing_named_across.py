from django.db import migrations

from tenancy.scoping import own_people, same_workspace


class Migration(migrations.Migration):
    dependencies = [("rooms", "0003_references_held_once"), ("accounts", "0003_people_named_beside")]

    operations = [
        migrations.RunSQL(*own_people("rooms_message", "deleted_by_id")),
        migrations.RunSQL(*own_people("rooms_requirementversion", "set_by")),
        migrations.RunSQL(
            same_workspace("rooms_thread", "root_id", "rooms_message"),
            "alter table rooms_thread drop constraint rooms_thread_root_id_same_workspace",
        ),
    ]
