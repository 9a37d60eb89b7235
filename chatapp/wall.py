"""Whether the wall stands: what the database's own catalogue says about roles, grants and row-level security.

Asked by `doctor` of a live database and by the tests of a fresh one; readable by the app role itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chatapp.deployment import ROLES

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

GLOBAL_TABLES = frozenset(
    {
        "django_migrations",
        "django_content_type",
        "auth_permission",
        "audit_cluster",
        "audit_key",
        "keys_auditsigningkey",
    }
)
"""What the app role may read although no workspace owns it: names of tables, permissions and public keys."""

_ROLES = [f"cordon_{role}" for role in ROLES if role != "owner"]

_UNFORCED = """
select c.relname from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
  and not (c.relrowsecurity and c.relforcerowsecurity)
  and (c.relname = 'tenancy_workspace' or exists (
    select from pg_attribute a where a.attrelid = c.oid and a.attname = 'workspace_id' and not a.attisdropped))
"""

_OPEN_PARTITIONS = """
select c.relname, r.role from pg_class c cross join unnest(%(roles)s::name[]) r(role)
where c.relnamespace = 'public'::regnamespace and c.relispartition and c.relkind in ('r', 'p')
  and not (c.relrowsecurity and c.relforcerowsecurity)
  and (has_table_privilege(r.role, c.oid, 'select, insert, update, delete, truncate, references, trigger')
    or has_any_column_privilege(r.role, c.oid, 'select, insert, update, references'))
"""

_LOOSE_POLICIES = """
select tablename, policyname, coalesce(qual, '-'), coalesce(with_check, '-') from pg_policies
where schemaname = 'public' and roles && '{cordon_app,public}'::name[] and (
  (cmd <> 'INSERT' and coalesce(qual, '') !~ 'cordon_workspace\\(\\)')
  or (cmd in ('ALL', 'INSERT', 'UPDATE') and coalesce(with_check, '') !~ 'cordon_workspace\\(\\)'))
"""

_POLICYLESS = """
select c.relname from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relrowsecurity
  and has_table_privilege('cordon_app', c.oid, 'select')
  and not exists (select from pg_policy p where p.polrelid = c.oid)
"""

_OUTSIDE = """
select c.relname from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and not c.relrowsecurity
  and (has_table_privilege('cordon_app', c.oid, 'select, insert, update, delete, truncate')
    or has_any_column_privilege('cordon_app', c.oid, 'select, insert, update'))
"""

_MISLED_FUNCTIONS = """
select p.oid::regprocedure::text from pg_proc p
where p.pronamespace = 'public'::regnamespace and p.prosecdef
  and not exists (select from unnest(p.proconfig) one where one ~ '^search_path=.*, *pg_temp$')
"""

_ROLE_POWERS = """
with powers(role, power) as (
  select rolname, unnest(array[
    case when rolsuper then 'superuser' end,
    case when rolbypassrls then 'bypassrls' end,
    case when rolcreaterole then 'createrole' end,
    case when rolcreatedb then 'createdb' end,
    case when rolreplication then 'replication' end,
    case when exists (select from pg_auth_members where member = r.oid) then 'member of another role' end])
  from pg_roles r where rolname = 'cordon_owner' or rolname = any(%(roles)s)
  union all
  select rolname, unnest(array[
    case when has_database_privilege(oid, current_database(), 'temporary') then 'temporary' end,
    case when has_schema_privilege(oid, 'public', 'create') then 'create in public' end,
    case when exists (select from pg_class where relowner = r.oid) then 'owner of tables' end])
  from pg_roles r where rolname = any(%(roles)s)
)
select role, string_agg(power, ', ') from powers where power is not null group by role
"""

_MISSING_ROLES = "select role from unnest(%(roles)s || array['cordon_owner']) r(role) where to_regrole(role) is null"

_DEFAULT_PRIVILEGES = "select pg_get_userbyid(defaclrole), defaclacl::text from pg_default_acl"

_CHANGEABLE_RECORDS = """
select c.relname, p.privilege from pg_class c cross join unnest(array['update', 'delete', 'truncate']) p(privilege)
where c.relname in ('audit_event', 'audit_seal', 'audit_tile', 'audit_round', 'audit_log', 'audit_entitlement')
  and (has_table_privilege('cordon_app', c.oid, p.privilege)
    or (p.privilege = 'update' and has_any_column_privilege('cordon_app', c.oid, 'update')))
"""


@dataclass(frozen=True, slots=True)
class Gap:
    """A place where the wall does not stand, and what closes it."""

    place: str
    fault: str
    fix: str


def gaps(connection: "BaseDatabaseWrapper") -> list[Gap]:
    """Every gap that the catalogue shows; none means that the wall stands."""
    missing = [role for (role,) in _rows(connection, _MISSING_ROLES)]
    if missing:
        return [Gap(role, "is missing", "Run deploy/roles.sql as an administrator.") for role in missing]
    return [*_role_gaps(connection), *_table_gaps(connection), *_function_gaps(connection)]


def _role_gaps(connection: "BaseDatabaseWrapper") -> Iterator[Gap]:
    for role, powers in _rows(connection, _ROLE_POWERS):
        yield Gap(role, f"has too much power: {powers}", "Take it away: ALTER ROLE .., REVOKE ..")
    for role, acl in _rows(connection, _DEFAULT_PRIVILEGES):
        yield Gap(
            role,
            f"gives default privileges {acl}: a later partition would be readable past the wall",
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {role} .. REVOKE ..",
        )


def _table_gaps(connection: "BaseDatabaseWrapper") -> Iterator[Gap]:
    for (table,) in _rows(connection, _UNFORCED):
        yield Gap(table, "holds workspace data without forced row-level security", f"Migrate with wall({table!r}).")
    for table, role in _rows(connection, _OPEN_PARTITIONS):
        yield Gap(table, f"is a partition that {role} may use past its parent", f"REVOKE ALL ON {table} FROM {role};")
    for table, policy, using, check in _rows(connection, _LOOSE_POLICIES):
        fault = f"policy {policy} does not hold to the workspace: using {using}, with check {check}"
        yield Gap(table, fault, f"Migrate with wall({table!r}).")
    for (table,) in _rows(connection, _POLICYLESS):
        yield Gap(table, "has no policy at all, so that it is always empty", f"Migrate with wall({table!r}).")
    for (table,) in _rows(connection, _OUTSIDE):
        if table not in GLOBAL_TABLES:
            yield Gap(table, "is open to cordon_app without a wall", f"REVOKE ALL ON {table} FROM cordon_app;")
    for table, privilege in _rows(connection, _CHANGEABLE_RECORDS):
        yield Gap(table, f"cordon_app may {privilege} records", f"REVOKE {privilege} ON {table} FROM cordon_app;")


def _function_gaps(connection: "BaseDatabaseWrapper") -> Iterator[Gap]:
    for (function,) in _rows(connection, _MISLED_FUNCTIONS):
        yield Gap(
            function,
            "runs as its owner and may find temporary objects before real ones",
            f"ALTER FUNCTION {function} SET search_path = pg_catalog, public, pg_temp;",
        )


def _rows(connection: "BaseDatabaseWrapper", statement: str) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"roles": _ROLES})
        return list(cursor.fetchall())
