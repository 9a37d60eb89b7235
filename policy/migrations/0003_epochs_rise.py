"""An epoch never falls and is never taken away: what was void would stand again."""

from django.db import migrations

FORWARD = """
create function policy_epoch_rises() returns trigger language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
  raise exception 'an epoch only rises' using errcode = 'restrict_violation';
end $$;
create trigger rises before update on policy_epoch for each row
  when (new.value <= old.value or (new.workspace_id, new.kind, new.key) is distinct from (old.workspace_id, old.kind, old.key))
  execute function policy_epoch_rises();
revoke delete on policy_epoch from cordon_app;
"""
BACK = """
grant delete on policy_epoch to cordon_app;
drop trigger rises on policy_epoch;
drop function policy_epoch_rises();
"""


class Migration(migrations.Migration):
    dependencies = [("policy", "0002_the_wall")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
