# ruff: noqa: S608 - SQL of our own names only
from django.db import migrations

FUNCTIONS = """
create function audit_epoch() returns integer
language sql stable security definer set search_path = pg_catalog, public as $$
  select c.epoch
  from (select * from audit_cluster order by epoch desc limit 1) c, pg_control_system() s, pg_control_checkpoint() k
  where c.system_identifier = s.system_identifier and c.timeline = k.timeline_id
$$;

create function audit_lag() returns table (unsealed_seconds double precision, round_seconds double precision)
language sql stable security definer set search_path = pg_catalog, public as $$
  with last as (select epoch, hi, at from audit_round order by n desc limit 1)
  select
    coalesce(extract(epoch from clock_timestamp() - (
      select min(e.at) from audit_event e where e.epoch = audit_epoch()
        and e.xid >= coalesce((select l.hi from last l where l.epoch = audit_epoch()), '0'::xid8)
    )), 0)::double precision,
    extract(epoch from clock_timestamp() - (select l.at from last l))::double precision
$$;

create function audit_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and current_user = 'cordon_pruner' then
    return old;
  end if;
  raise exception '% is append-only: % is refused', tg_table_name, lower(tg_op) using errcode = 'insufficient_privilege';
end $$;

revoke execute on function audit_epoch(), audit_lag(), audit_append_only() from public;
grant execute on function audit_epoch() to cordon_app, cordon_platform, cordon_sealer, cordon_pruner, cordon_auditor;
grant execute on function audit_lag() to cordon_app, cordon_platform, cordon_sealer, cordon_auditor;
"""

APPEND_ONLY = (
    "audit_cluster",
    "audit_key",
    "audit_log",
    "audit_event",
    "audit_pii",
    "audit_seal",
    "audit_tile",
    "audit_round",
    "audit_boundary",
)
EVENT_COLUMNS = (
    "id, workspace_id, log_id, store, epoch, at, kind, outcome, actor_id, target_type, target_id, room_id, request_id,"
    " env, mac"
)
MINE = "workspace_id = (select cordon_workspace())"
OURS = f"({MINE} or workspace_id is null)"


def _append_only(table: str) -> str:
    return f"""
    create trigger append_only before update or delete on {table} for each row execute function audit_append_only();
    create trigger append_only_whole before truncate on {table} for each statement execute function audit_append_only();
    alter table {table} enable always trigger append_only;
    alter table {table} enable always trigger append_only_whole;
    """


def _walled(table: str) -> str:
    """Row-level security, forced; all roles that judge the whole deployment may read, the owner too."""
    return f"""
    alter table {table} enable row level security;
    alter table {table} force row level security;
    revoke all on {table} from public;
    create policy whole on {table} for select to cordon_sealer, cordon_pruner, cordon_auditor, cordon_owner using (true);
    grant select on {table} to cordon_sealer, cordon_pruner, cordon_auditor;
    create policy owner_write on {table} for insert to cordon_owner with check (true);
    create policy owner_change on {table} for update to cordon_owner using (true);
    create policy owner_delete on {table} for delete to cordon_owner using (true);
    """


WALLS = "".join(
    [
        *(_append_only(table) for table in APPEND_ONLY),
        *(
            _walled(table)
            for table in ("audit_entitlement", "audit_log", "audit_event", "audit_pii", "audit_seal", "audit_boundary")
        ),
        "".join(
            f"revoke all on {table} from public;"
            f" grant select on {table} to cordon_sealer, cordon_pruner, cordon_auditor;"
            for table in ("audit_cluster", "audit_key", "audit_tile", "audit_round")
        ),
        f"""
    revoke all on audit_event_default from public;
    create trigger append_only_whole before truncate on audit_event_default
      for each statement execute function audit_append_only();
    alter table audit_event_default enable always trigger append_only_whole;

    grant select on audit_cluster, audit_key to cordon_app, cordon_platform;

    -- the app: adds, and reads its own workspace
    create policy mine on audit_log for select to cordon_app using ({MINE});
    create policy mine on audit_seal for select to cordon_app using ({MINE});
    create policy mine on audit_boundary for select to cordon_app using ({MINE});
    grant select on audit_log, audit_seal, audit_boundary to cordon_app;
    create policy mine on audit_entitlement for all to cordon_app using ({MINE}) with check ({MINE});
    grant select, insert on audit_entitlement to cordon_app;
    grant update (entitled, at) on audit_entitlement to cordon_app;
    create policy mine on audit_event for select to cordon_app using ({MINE});
    create policy add on audit_event for insert to cordon_app
      with check ({OURS} and epoch = (select audit_epoch()));
    grant select on audit_event to cordon_app;
    grant insert ({EVENT_COLUMNS}) on audit_event to cordon_app;
    create policy mine on audit_pii for select to cordon_app using ({MINE});
    create policy add on audit_pii for insert to cordon_app with check ({OURS});
    grant select on audit_pii to cordon_app;
    grant insert (id, workspace_id, store, body) on audit_pii to cordon_app;

    -- the auditor names workspaces by their address
    create policy auditor on tenancy_workspace for select to cordon_auditor using (true);
    grant select (id, slug) on tenancy_workspace to cordon_auditor;

    -- the platform: its own log, nothing of a workspace
    create policy platform on audit_event for select to cordon_platform using (workspace_id is null);
    create policy platform on audit_seal for select to cordon_platform using (workspace_id is null);
    create policy platform_add on audit_event for insert to cordon_platform
      with check (workspace_id is null and epoch = (select audit_epoch()));
    grant select on audit_event, audit_seal to cordon_platform;
    grant insert ({EVENT_COLUMNS}) on audit_event to cordon_platform;

    -- the sealer: reads all, adds seals and what it has to say itself
    create policy sealer_add on audit_log for insert to cordon_sealer with check (true);
    create policy sealer_add on audit_seal for insert to cordon_sealer with check (true);
    create policy sealer_add on audit_event for insert to cordon_sealer with check (epoch = (select audit_epoch()));
    create policy sealer_add on audit_pii for insert to cordon_sealer with check (true);
    grant insert on audit_log, audit_seal, audit_tile, audit_round, audit_key to cordon_sealer;
    grant insert ({EVENT_COLUMNS}) on audit_event to cordon_sealer;
    grant insert (id, workspace_id, store, body) on audit_pii to cordon_sealer;

    -- the pruner: sets a boundary, and deletes only what lies before one
    create policy pruner_add on audit_boundary for insert to cordon_pruner with check (true);
    grant insert on audit_boundary to cordon_pruner;
    create policy pruner_delete on audit_event for delete to cordon_pruner using (exists (
      select 1 from audit_boundary b where b.log_id = audit_event.log_id
        and (audit_event.epoch, audit_event.xid) < (b.epoch, b.hi)));
    create policy pruner_delete on audit_seal for delete to cordon_pruner using (exists (
      select 1 from audit_boundary b where b.log_id = audit_seal.log_id and audit_seal.n < b.n));
    create policy pruner_delete on audit_pii for delete to cordon_pruner using (true);
    alter table audit_tile enable row level security;
    alter table audit_tile force row level security;
    create policy whole on audit_tile for all to cordon_owner using (true) with check (true);
    create policy judges on audit_tile for select to cordon_sealer, cordon_pruner, cordon_auditor using (true);
    create policy sealer_add on audit_tile for insert to cordon_sealer with check (true);
    create policy pruner_delete on audit_tile for delete to cordon_pruner using (exists (
      select 1 from audit_boundary b where b.log_id = audit_tile.log_id and audit_tile.n <= b.n));
    grant delete on audit_event, audit_seal, audit_tile, audit_pii to cordon_pruner;
    """,
    ]
)


UNWALLED = ("audit_entitlement", "audit_log", "audit_event", "audit_pii", "audit_seal", "audit_boundary", "audit_tile")
BACK = "".join(
    [
        *(
            f"do $$ declare p text; begin for p in select policyname from pg_policies where tablename = '{table}' loop"
            f" execute format('drop policy %I on {table}', p); end loop; end $$;"
            f" alter table {table} no force row level security; alter table {table} disable row level security;"
            for table in UNWALLED
        ),
        "drop policy auditor on tenancy_workspace; revoke select (id, slug) on tenancy_workspace from cordon_auditor;",
        *(f"drop trigger append_only on {t}; drop trigger append_only_whole on {t};" for t in APPEND_ONLY),
        "drop function audit_epoch(), audit_lag(), audit_append_only();",
    ]
)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [migrations.RunSQL(FUNCTIONS + WALLS, BACK)]
