"""Whether a workspace keeps a compliance store is a history: every switch is a row, and the last one is in force."""

from django.db import migrations, models

FORWARD = """
alter table audit_entitlement drop constraint audit_entitlement_workspace_id_store_key;
create index audit_entitlement_latest on audit_entitlement (workspace_id, store, at desc, id desc);
create trigger append_only before update or delete on audit_entitlement
  for each row execute function audit_append_only();
create trigger append_only_whole before truncate on audit_entitlement
  for each statement execute function audit_append_only();
alter table audit_entitlement enable always trigger append_only;
alter table audit_entitlement enable always trigger append_only_whole;

drop policy mine on audit_entitlement;
create policy mine on audit_entitlement for select to cordon_app
  using (workspace_id = (select cordon_workspace()));
create policy add on audit_entitlement for insert to cordon_app
  with check (workspace_id = (select cordon_workspace()));
revoke insert, update on audit_entitlement from cordon_app;
revoke update (entitled, at) on audit_entitlement from cordon_app;
grant insert (id, workspace_id, store, entitled) on audit_entitlement to cordon_app;
"""

BACK = """
revoke insert (id, workspace_id, store, entitled) on audit_entitlement from cordon_app;
grant insert on audit_entitlement to cordon_app;
grant update (entitled, at) on audit_entitlement to cordon_app;
drop policy add on audit_entitlement;
drop policy mine on audit_entitlement;
create policy mine on audit_entitlement for all to cordon_app
  using (workspace_id = (select cordon_workspace())) with check (workspace_id = (select cordon_workspace()));
drop trigger append_only on audit_entitlement;
drop trigger append_only_whole on audit_entitlement;
drop index audit_entitlement_latest;
delete from audit_entitlement e using audit_entitlement later
  where later.workspace_id = e.workspace_id and (later.at, later.id) > (e.at, e.id);
alter table audit_entitlement
  add constraint audit_entitlement_workspace_id_store_key unique (workspace_id, store);
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_logs_of_their_own")]

    operations = [
        migrations.RunSQL(FORWARD, BACK),
        migrations.AlterField("auditentitlement", "at", models.DateTimeField()),
    ]
