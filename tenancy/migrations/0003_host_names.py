from typing import Any

import django.db.models.deletion
from django.core.management import CommandError
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from psycopg import sql

import tenancy.actor
from tenancy.scoping import unwall, wall

HOSTS = "tenancy_workspacehost"
_NAME = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$"

UNFIT = """
select h.name, string_agg(w.slug, ', ' order by w.slug), count(*) > 1
  from tenancy_workspace w cross join unnest(w.hosts) h(name)
 group by h.name having count(*) > 1 or h.name !~ %s or length(h.name) > 253 order by h.name
"""
ADVICE = """These host names cannot move to a table where each belongs to one workspace. Nothing was changed:
{unfit}
As cordon_owner, take each from the workspaces that shall not answer on it, and migrate again; for the first one:
  update tenancy_workspace set hosts = array_remove(hosts, {first}) where slug = {slug};"""

MOVE = """
insert into tenancy_workspacehost (id, workspace_id, name, place)
  select gen_random_uuid(), w.id, h.name, h.place - 1
  from tenancy_workspace w cross join unnest(w.hosts) with ordinality h(name, place);
"""
MOVE_BACK = """
update tenancy_workspace w set hosts = coalesce(
  (select array_agg(h.name order by h.place) from tenancy_workspacehost h where h.workspace_id = w.id), '{}');
"""

_FIND = """
create or replace function cordon_workspace_for_host(wanted text) returns uuid
language sql stable security definer set search_path = {path} as $$ {body} $$;
"""
FIND = _FIND.format(
    path="pg_catalog, public, pg_temp", body="select workspace_id from tenancy_workspacehost where name = wanted"
)
FIND_BACK = _FIND.format(
    path="pg_catalog, public",
    body="select id from tenancy_workspace where wanted = any(hosts) order by created_at limit 1",
)

GRANT = """
revoke update, delete on tenancy_workspace from cordon_app;
grant update (name, facts_mode, local_accounts, ceiling, lease_seconds, removal_grace_minutes, session_idle_minutes,
  session_max_hours) on tenancy_workspace to cordon_app;
"""
GRANT_BACK = "grant update, delete on tenancy_workspace to cordon_app;"


def refuse_unfit_names(_apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Say which names stand in the way, before anything is changed. Raises CommandError."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(UNFIT, [_NAME])
        found = cursor.fetchall()
    if not found:
        return
    lines = [
        f"  - {name!r} is {'held more than once' if twice else 'no host name in small letters'}: {slugs}"
        for name, slugs, twice in found
    ]
    name, slugs, _twice = found[0]
    first, slug = (sql.Literal(one).as_string() for one in (name, slugs.split(", ")[-1]))
    raise CommandError(ADVICE.format(unfit="\n".join(lines), first=first, slug=slug))


class Migration(migrations.Migration):
    """One name, one workspace: a table whose names are unique, in place of a column that any workspace could fill."""

    dependencies = [("tenancy", "0002_the_wall")]

    operations = [
        migrations.RunPython(refuse_unfit_names, migrations.RunPython.noop),
        migrations.CreateModel(
            name="WorkspaceHost",
            fields=[
                (
                    "id",
                    models.UUIDField(default=tenancy.actor.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("name", models.CharField(max_length=253, unique=True, verbose_name="host name")),
                ("place", models.PositiveSmallIntegerField(verbose_name="place")),
                (
                    "workspace",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "host name",
                "verbose_name_plural": "host names",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(name__regex=_NAME), name="tenancy_workspacehost_is_a_name"
                    )
                ],
            },
        ),
        migrations.RunSQL(wall(HOSTS, grants="select, insert, delete"), unwall(HOSTS)),
        migrations.RunSQL(MOVE, MOVE_BACK),
        migrations.RunSQL(FIND, FIND_BACK),
        migrations.RunSQL("set constraints all immediate", migrations.RunSQL.noop),
        migrations.RemoveField(model_name="workspace", name="hosts"),
        migrations.RunSQL(GRANT, GRANT_BACK),
    ]
