from django.db import migrations

_EACH = """
do $$
declare
  found regprocedure;
begin
  for found in
    select p.oid from pg_proc p join pg_roles r on r.oid = p.proowner
    where p.pronamespace = 'public'::regnamespace and p.prosecdef and r.rolname = current_user
  loop
    execute format('alter function %s set search_path = {path}', found);
  end loop;
end $$;
"""


class Migration(migrations.Migration):
    """Functions that run as the owner look last among temporary objects, where the caller could put some of its own.

    Left unnamed, PostgreSQL looks there first. Those of the audit log are among them, hence the dependency.
    """

    dependencies = [("tenancy", "0003_host_names"), ("audit", "0002_walls")]

    operations = [
        migrations.RunSQL(
            _EACH.replace("{path}", "pg_catalog, public, pg_temp"), _EACH.replace("{path}", "pg_catalog, public")
        )
    ]
