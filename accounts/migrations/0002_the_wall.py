from django.db import migrations

from tenancy.scoping import composite_target, same_workspace, unwall, wall

TABLES = {
    "accounts_user": None,
    "accounts_device": None,
    "accounts_session": None,
    "accounts_loginlink": None,
    "accounts_role": None,
    "accounts_roleassignment": None,
    "accounts_group": None,
    "accounts_groupmembership": None,
    "accounts_factsource": None,
    "accounts_factsync": None,
    "accounts_fact": None,
    "accounts_usergrant": None,
    "accounts_groupgrant": None,
    "accounts_fielddiff": "select, insert",
}

TARGETS = ("accounts_user", "accounts_device", "accounts_role", "accounts_group", "accounts_factsource")

KEYS = (
    ("accounts_device", "user_id", "accounts_user"),
    ("accounts_session", "user_id", "accounts_user"),
    ("accounts_session", "device_id", "accounts_device"),
    ("accounts_loginlink", "user_id", "accounts_user"),
    ("accounts_roleassignment", "role_id", "accounts_role"),
    ("accounts_roleassignment", "user_id", "accounts_user"),
    ("accounts_groupmembership", "group_id", "accounts_group"),
    ("accounts_groupmembership", "user_id", "accounts_user"),
    ("accounts_factsync", "user_id", "accounts_user"),
    ("accounts_factsync", "source_id", "accounts_factsource"),
    ("accounts_fact", "user_id", "accounts_user"),
    ("accounts_fact", "source_id", "accounts_factsource"),
    ("accounts_usergrant", "user_id", "accounts_user"),
    ("accounts_groupgrant", "group_id", "accounts_group"),
    ("accounts_fielddiff", "actor_id", "accounts_user"),
)

GLOBAL = """
grant select on django_content_type, auth_permission to cordon_app;

insert into django_content_type (app_label, model) values ('rooms', 'room') on conflict do nothing;
insert into auth_permission (name, content_type_id, codename)
  select 'Stands in the room as ' || role, type.id, 'stand_as_' || role
    from django_content_type type, unnest(array['owner', 'moderator', 'member', 'reader']) as role
   where type.app_label = 'rooms' and type.model = 'room'
  on conflict do nothing;
"""

BACK = """
revoke select on django_content_type, auth_permission from cordon_app;
"""


def _wall(table, grants):
    return wall(table, grants=grants) if grants else wall(table)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("tenancy", "0002_the_wall"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        *(migrations.RunSQL(_wall(table, grants), unwall(table)) for table, grants in TABLES.items()),
        *(
            migrations.RunSQL(composite_target(table), f"alter table {table} drop constraint {table}_workspace_id_id")
            for table in TARGETS
        ),
        *(
            migrations.RunSQL(
                same_workspace(table, column, other),
                f"alter table {table} drop constraint {table}_{column}_same_workspace",
            )
            for table, column, other in KEYS
        ),
        migrations.RunSQL(GLOBAL, BACK),
    ]
