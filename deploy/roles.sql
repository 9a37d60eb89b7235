-- The roles of a Cordon database and what the database itself grants them.
--
-- Run once by an administrator, connected to the database that Cordon is to use:
--     psql --dbname cordon --file deploy/roles.sql
-- Running it again changes nothing. Afterwards give each role its password with \password, e.g. \password cordon_app.
-- Rights on tables come from the migrations, table by table; there are no default privileges, since a partition
-- that is made later would otherwise be readable across workspaces.

do $$
declare
  role text;
begin
  foreach role in array array['cordon_owner', 'cordon_app', 'cordon_platform', 'cordon_sealer', 'cordon_pruner', 'cordon_auditor']
  loop
    if not exists (select from pg_roles where rolname = role) then
      execute format('create role %I login noinherit', role);
    end if;
    execute format('grant connect on database %I to %I', current_database(), role);
    execute format('grant usage on schema public to %I', role);
  end loop;

  -- nobody may make temporary tables, which could stand in front of real ones
  execute format('revoke all on database %I from public', current_database());
  revoke create on schema public from public;
  grant create on schema public to cordon_owner;
end $$;

-- an open write transaction stops the sealing of the audit log: no role may leave one idle
alter role cordon_app set idle_in_transaction_session_timeout = '15s';
alter role cordon_app set statement_timeout = '30s';
alter role cordon_sealer set idle_in_transaction_session_timeout = '60s';
alter role cordon_platform set idle_in_transaction_session_timeout = '15s';
alter role cordon_platform set statement_timeout = '30s';
alter role cordon_pruner set idle_in_transaction_session_timeout = '60s';
alter role cordon_auditor set idle_in_transaction_session_timeout = '60s';
