"""Who is named beside a row (who gave, wrote, approved, deleted) is a person of its workspace or the platform itself.

The platform is no row, so that a foreign key cannot hold these columns.
"""

from django.db import migrations

from tenancy.scoping import own_people

FUNCTION = """
create function accounts_own_people() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  named text;
begin
  foreach named in array tg_argv loop
    if exists (select from accounts_user u where u.id = (to_jsonb(new) ->> named)::uuid
                 and u.workspace_id is distinct from new.workspace_id) then
      raise exception 'a person of another workspace in %.%', tg_table_name, named using errcode = 'foreign_key_violation';
    end if;
  end loop;
  return new;
end $$;
revoke execute on function accounts_own_people() from public;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_the_wall"), ("policy", "0002_the_wall")]

    operations = [
        migrations.RunSQL(FUNCTION, "drop function accounts_own_people()"),
        migrations.RunSQL(*own_people("accounts_roleassignment", "assigned_by")),
        migrations.RunSQL(*own_people("accounts_usergrant", "given_by")),
        migrations.RunSQL(*own_people("accounts_groupgrant", "given_by")),
        migrations.RunSQL(*own_people("policy_policyset", "author_id", "approver_id")),
    ]
