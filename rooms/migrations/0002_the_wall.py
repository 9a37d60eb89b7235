from django.db import migrations

from tenancy.scoping import composite_target, same_workspace, unwall, wall

TABLES = (
    "rooms_room",
    "rooms_requirementversion",
    "rooms_membership",
    "rooms_thread",
    "rooms_message",
    "rooms_messagerevision",
    "rooms_reaction",
    "rooms_readmark",
    "rooms_threadfollow",
)
TARGETS = ("rooms_room", "rooms_thread", "rooms_message")
KEYS = (
    ("rooms_room", "created_by_id", "accounts_user"),
    ("rooms_requirementversion", "room_id", "rooms_room"),
    ("rooms_membership", "room_id", "rooms_room"),
    ("rooms_membership", "user_id", "accounts_user"),
    ("rooms_thread", "room_id", "rooms_room"),
    ("rooms_message", "room_id", "rooms_room"),
    ("rooms_message", "sender_id", "accounts_user"),
    ("rooms_message", "thread_id", "rooms_thread"),
    ("rooms_messagerevision", "message_id", "rooms_message"),
    ("rooms_reaction", "message_id", "rooms_message"),
    ("rooms_reaction", "user_id", "accounts_user"),
    ("rooms_readmark", "room_id", "rooms_room"),
    ("rooms_readmark", "user_id", "accounts_user"),
    ("rooms_readmark", "thread_id", "rooms_thread"),
    ("rooms_threadfollow", "thread_id", "rooms_thread"),
    ("rooms_threadfollow", "user_id", "accounts_user"),
)


def _dropped(table: str, column: str) -> str:
    return f"alter table {table} drop constraint {table}_{column}_same_workspace"


class Migration(migrations.Migration):
    dependencies = [("rooms", "0001_initial"), ("accounts", "0002_the_wall"), ("tenancy", "0002_the_wall")]

    operations = [
        *(migrations.RunSQL(wall(table), unwall(table)) for table in TABLES),
        *(
            migrations.RunSQL(composite_target(table), f"alter table {table} drop constraint {table}_workspace_id_id")
            for table in TARGETS
        ),
        *(migrations.RunSQL(same_workspace(*key), _dropped(key[0], key[1])) for key in KEYS),
    ]
