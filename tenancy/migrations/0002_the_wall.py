from django.db import migrations

from tenancy.scoping import unwall, wall

SQL = """
create table tenancy_wall_key (
  one boolean primary key default true check (one),
  inner_key bytea not null,
  outer_key bytea not null
);
revoke all on tenancy_wall_key from public;

create function cordon_workspace() returns uuid
language plpgsql stable security definer set search_path = pg_catalog, public as $$
declare
  held text := current_setting('app.workspace', true);
  key tenancy_wall_key;
begin
  if held is null or held = '' then
    return null;
  end if;
  select * into key from tenancy_wall_key;
  if key.one and split_part(held, '.', 2) = encode(sha256(key.outer_key ||
       sha256(key.inner_key || convert_to(split_part(held, '.', 1), 'UTF8'))), 'hex') then
    return split_part(held, '.', 1)::uuid;
  end if;
  raise exception 'the workspace setting is not signed by this deployment' using errcode = 'insufficient_privilege';
end $$;

create function cordon_workspace_for_host(wanted text) returns uuid
language sql stable security definer set search_path = pg_catalog, public as $$
  select id from tenancy_workspace where wanted = any(hosts) order by created_at limit 1
$$;

create function cordon_workspace_for_slug(wanted text) returns uuid
language sql stable security definer set search_path = pg_catalog, public as $$
  select id from tenancy_workspace where slug = wanted
$$;

create function cordon_first_workspace() returns uuid
language sql stable security definer set search_path = pg_catalog, public as $$
  select id from tenancy_workspace order by created_at, id limit 1
$$;

create function cordon_active_workspaces() returns setof uuid
language sql stable security definer set search_path = pg_catalog, public as $$
  select id from tenancy_workspace where state = 'active' order by created_at, id
$$;

revoke execute on function cordon_workspace(), cordon_workspace_for_host(text), cordon_workspace_for_slug(text),
  cordon_first_workspace(), cordon_active_workspaces() from public;
grant execute on function cordon_workspace() to cordon_app, cordon_platform, cordon_sealer, cordon_pruner, cordon_auditor;
grant execute on function cordon_workspace_for_host(text), cordon_workspace_for_slug(text), cordon_first_workspace(),
  cordon_active_workspaces() to cordon_app, cordon_sealer, cordon_auditor;
grant usage on schema public to cordon_app, cordon_platform, cordon_sealer, cordon_pruner, cordon_auditor;
grant select on django_migrations to cordon_app;
"""

BACK = """
drop function cordon_workspace(), cordon_workspace_for_host(text), cordon_workspace_for_slug(text),
  cordon_first_workspace(), cordon_active_workspaces();
drop table tenancy_wall_key;
"""


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0001_initial")]

    operations = [
        migrations.RunSQL(SQL, BACK),
        migrations.RunSQL(wall("tenancy_workspace", column="id"), unwall("tenancy_workspace")),
    ]
