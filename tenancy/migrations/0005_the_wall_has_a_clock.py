from django.db import migrations

_CHECK = """
create or replace function cordon_workspace() returns uuid
language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  held text := current_setting('app.workspace', true);
  said text;
  key tenancy_wall_key;
begin
  if held is null or held = '' then
    return null;
  end if;
  said := {said};
  select * into key from tenancy_wall_key;
  if key.one is not true or {seal} is distinct from encode(sha256(key.outer_key ||
       sha256(key.inner_key || convert_to(said, 'UTF8'))), 'hex') then
    raise exception 'the workspace setting is not signed by this deployment' using errcode = 'insufficient_privilege';
  end if;
  {age}
  return split_part(held, '.', 1)::uuid;
end $$;
"""
_AGE = """if to_timestamp(split_part(held, '.', 2)::bigint * 300) < now() - interval '15 minutes' then
    raise exception 'the workspace setting is too old' using errcode = 'insufficient_privilege',
      hint = 'It is signed for some minutes. Do the clocks of this server and of the database agree?';
  end if;"""
_TIMED = (
    _CHECK.replace("{said}", "split_part(held, '.', 1) || '.' || split_part(held, '.', 2)")
    .replace("{seal}", "split_part(held, '.', 3)")
    .replace("{age}", _AGE)
)
_TIMELESS = (
    _CHECK.replace("{said}", "split_part(held, '.', 1)")
    .replace("{seal}", "split_part(held, '.', 2)")
    .replace("{age}", "")
)


class Migration(migrations.Migration):
    """The signature of the workspace setting says when it was made, and one of long ago opens nothing.

    The bound is held against the beginning of the transaction: one that runs for hours goes on seeing its rows.
    """

    dependencies = [("tenancy", "0004_search_paths")]

    operations = [migrations.RunSQL(_TIMED, _TIMELESS)]
