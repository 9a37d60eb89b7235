# ruff: noqa: S608 - SQL of our own names only
"""An entry stands in the log of its own workspace and store: the id of a log is derived from both, and compared."""

from django.db import migrations

STORES = "store in ('security', 'compliance', 'decision')"
MINE = "workspace_id = (select cordon_workspace())"
OURS = f"({MINE} or workspace_id is null)"
NOW = "epoch = (select audit_epoch())"


def _derived(column: str) -> str:
    """What `audit.entries.log_id` computes."""
    name = "coalesce(workspace_id::text, 'platform') || '/' || store"
    digest = f"sha256(convert_to('cordon audit log' || chr(10) || {name}, 'UTF8'))"
    return f"{STORES} and uuid_send({column}) = substr({digest}, 1, 16)"


FORWARD = f"""
alter policy add on audit_event with check ({OURS} and {NOW} and {_derived("log_id")});
alter policy platform_add on audit_event with check (workspace_id is null and {NOW} and {_derived("log_id")});
alter policy sealer_add on audit_event with check ({NOW} and {_derived("log_id")});
alter policy sealer_add on audit_log with check ({_derived("id")});
"""
BACK = f"""
alter policy add on audit_event with check ({OURS} and {NOW});
alter policy platform_add on audit_event with check (workspace_id is null and {NOW});
alter policy sealer_add on audit_event with check ({NOW});
alter policy sealer_add on audit_log with check (true);
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_walls")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
