from django.db import migrations

from tenancy.scoping import composite_target, same_workspace, unwall, wall

DATA_KEY = "select, insert, update (state, tenant_key_id, wrapped, uses, retired_at, destroyed_at)"
TENANT_KEY = "select, insert, update (state, kek_id, wrapped, retired_at, destroyed_at)"
KEY_RING = "select, insert, update (version)"

# who made the row: a key that its own transaction may still roll back is not kept in memory
CREATED_XID = "alter table keys_datakey add column created_xid xid8 not null default pg_current_xact_id();"

# the wrapped private key is for the sealer alone (R24); everybody else sees the public half
SIGNING_KEY = """
revoke all on keys_auditsigningkey from public;
grant select (id, name, public_key, state, kek_id, created_at, retired_at) on keys_auditsigningkey
  to cordon_app, cordon_platform, cordon_auditor;
grant select, insert, update (state, kek_id, wrapped, retired_at) on keys_auditsigningkey to cordon_sealer;
"""


class Migration(migrations.Migration):
    dependencies = [("keys", "0001_initial"), ("tenancy", "0002_the_wall")]

    operations = [
        migrations.RunSQL(CREATED_XID, "alter table keys_datakey drop column created_xid;"),
        migrations.RunSQL(wall("keys_keyring", grants=KEY_RING), unwall("keys_keyring")),
        migrations.RunSQL(wall("keys_tenantkey", grants=TENANT_KEY), unwall("keys_tenantkey")),
        migrations.RunSQL(wall("keys_datakey", grants=DATA_KEY), unwall("keys_datakey")),
        migrations.RunSQL(
            composite_target("keys_tenantkey") + same_workspace("keys_datakey", "tenant_key_id", "keys_tenantkey"),
            "alter table keys_datakey drop constraint keys_datakey_tenant_key_id_same_workspace;"
            " alter table keys_tenantkey drop constraint keys_tenantkey_workspace_id_id;",
        ),
        migrations.RunSQL(SIGNING_KEY, migrations.RunSQL.noop),
    ]
