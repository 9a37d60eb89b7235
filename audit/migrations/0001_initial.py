from django.db import migrations, models

import audit.models
import tenancy.actor

TABLES = """
create table audit_cluster (
  epoch integer primary key check (epoch > 0),
  system_identifier bigint not null,
  timeline integer not null,
  reason text not null default '',
  at timestamptz not null default clock_timestamp()
);

create table audit_key (
  id uuid primary key,
  key_id bytea not null check (length(key_id) = 4),
  vkey text not null,
  state text not null check (state in ('present', 'retired')),
  round bigint not null,
  mac bytea not null check (length(mac) = 16),
  at timestamptz not null default clock_timestamp(),
  unique (key_id, state)
);

create table audit_entitlement (
  id uuid primary key,
  workspace_id uuid not null,
  store text not null check (store = 'compliance'),
  entitled boolean not null,
  at timestamptz not null default clock_timestamp(),
  unique (workspace_id, store)
);

create table audit_log (
  id uuid primary key,
  workspace_id uuid,
  store text not null check (store in ('security', 'compliance', 'decision')),
  at timestamptz not null default clock_timestamp(),
  unique nulls not distinct (workspace_id, store)
);

create table audit_event (
  id uuid not null,
  workspace_id uuid,
  log_id uuid not null,
  store text not null,
  epoch integer not null,
  xid xid8 not null default pg_current_xact_id(),
  at timestamptz not null,
  kind text not null,
  outcome text not null,
  actor_id uuid not null,
  target_type text not null,
  target_id uuid,
  room_id uuid,
  request_id uuid not null,
  env bytea not null,
  mac bytea not null check (length(mac) = 16),
  primary key (id, at)
) partition by range (at);
create index audit_event_window on audit_event (epoch, xid);
create index audit_event_order on audit_event (log_id, epoch, xid, id);
create index audit_event_time on audit_event (log_id, at);
create table audit_event_default partition of audit_event default;

create table audit_pii (
  id uuid primary key,
  workspace_id uuid,
  store text not null,
  at timestamptz not null default clock_timestamp(),
  body bytea not null
);

create table audit_seal (
  id uuid primary key,
  workspace_id uuid,
  log_id uuid not null,
  n bigint not null check (n > 0),
  round bigint not null,
  epoch integer not null,
  lo xid8 not null,
  hi xid8 not null check (hi > lo),
  size_from bigint not null,
  size_to bigint not null check (size_to > size_from),
  frontier bytea not null,
  root bytea not null check (length(root) = 32),
  note text not null,
  at timestamptz not null,
  unique (log_id, n)
);
create index audit_seal_round on audit_seal (round, log_id);

create table audit_tile (
  log_id uuid not null,
  n bigint not null,
  part integer not null,
  leaves bytea not null check (length(leaves) % 32 = 0),
  primary key (log_id, n, part)
);

create table audit_round (
  n bigint primary key check (n > 0),
  epoch integer not null,
  lo xid8 not null,
  hi xid8 not null check (hi >= lo),
  size_from bigint not null,
  size_to bigint not null check (size_to >= size_from),
  entries bytea not null,
  frontier bytea not null,
  root bytea not null check (length(root) = 32),
  note text not null,
  at timestamptz not null
);

create table audit_boundary (
  id uuid primary key,
  workspace_id uuid,
  log_id uuid not null,
  n bigint not null,
  epoch integer not null,
  hi xid8 not null,
  size bigint not null,
  frontier bytea not null,
  rule text not null,
  at timestamptz not null default clock_timestamp(),
  unique (log_id, n)
);
"""


BACK = """
drop table audit_event, audit_log, audit_entitlement, audit_key, audit_cluster, audit_pii, audit_seal, audit_tile,
  audit_round, audit_boundary;
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [("tenancy", "0002_the_wall")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(TABLES, BACK)],
            state_operations=[
                migrations.CreateModel(
                    name="AuditBody",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=tenancy.actor.new_id, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("workspace_id", models.UUIDField(editable=False, null=True)),
                        ("store", models.CharField(max_length=16)),
                        ("at", models.DateTimeField()),
                        ("body", models.BinaryField()),
                    ],
                    options={
                        "verbose_name": "personal part",
                        "verbose_name_plural": "personal parts",
                        "db_table": "audit_pii",
                    },
                ),
                migrations.CreateModel(
                    name="AuditBoundary",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=tenancy.actor.new_id, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("workspace_id", models.UUIDField(editable=False, null=True)),
                        ("log_id", models.UUIDField()),
                        ("n", models.BigIntegerField()),
                        ("epoch", models.IntegerField()),
                        ("hi", audit.models.XidField()),
                        ("size", models.BigIntegerField()),
                        ("frontier", models.BinaryField()),
                        ("rule", models.CharField(max_length=200)),
                        ("at", models.DateTimeField()),
                    ],
                    options={
                        "verbose_name": "pruning boundary",
                        "verbose_name_plural": "pruning boundaries",
                        "db_table": "audit_boundary",
                    },
                ),
                migrations.CreateModel(
                    name="AuditCluster",
                    fields=[
                        ("epoch", models.IntegerField(primary_key=True, serialize=False)),
                        ("system_identifier", models.BigIntegerField()),
                        ("timeline", models.IntegerField()),
                        ("reason", models.TextField()),
                        ("at", models.DateTimeField()),
                    ],
                    options={
                        "verbose_name": "audit epoch",
                        "verbose_name_plural": "audit epochs",
                        "db_table": "audit_cluster",
                    },
                ),
                migrations.CreateModel(
                    name="AuditEntitlement",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=tenancy.actor.new_id, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("workspace_id", models.UUIDField(editable=False)),
                        ("store", models.CharField(default="compliance", max_length=16)),
                        ("entitled", models.BooleanField()),
                        ("at", models.DateTimeField(auto_now=True)),
                    ],
                    options={
                        "verbose_name": "audit entitlement",
                        "verbose_name_plural": "audit entitlements",
                        "db_table": "audit_entitlement",
                    },
                ),
                migrations.CreateModel(
                    name="AuditEvent",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=tenancy.actor.new_id, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("workspace_id", models.UUIDField(editable=False, null=True)),
                        ("log_id", models.UUIDField()),
                        ("store", models.CharField(max_length=16, verbose_name="store")),
                        ("epoch", models.IntegerField()),
                        ("xid", audit.models.XidField()),
                        ("at", models.DateTimeField(verbose_name="time")),
                        ("kind", models.CharField(max_length=120, verbose_name="event")),
                        ("outcome", models.CharField(max_length=16, verbose_name="outcome")),
                        ("actor_id", models.UUIDField(verbose_name="actor")),
                        ("target_type", models.CharField(max_length=64, verbose_name="target type")),
                        ("target_id", models.UUIDField(null=True, verbose_name="target")),
                        ("room_id", models.UUIDField(null=True, verbose_name="room")),
                        ("request_id", models.UUIDField(verbose_name="request")),
                        ("env", models.BinaryField()),
                        ("mac", models.BinaryField()),
                    ],
                    options={
                        "verbose_name": "audit entry",
                        "verbose_name_plural": "audit entries",
                        "db_table": "audit_event",
                        "ordering": ["-at", "-id"],
                    },
                ),
                migrations.CreateModel(
                    name="AuditKey",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=tenancy.actor.new_id, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("key_id", models.BinaryField()),
                        ("vkey", models.TextField()),
                        ("state", models.CharField(max_length=16)),
                        ("round", models.BigIntegerField()),
                        ("mac", models.BinaryField()),
                        ("at", models.DateTimeField()),
                    ],
                    options={
                        "verbose_name": "audit key",
                        "verbose_name_plural": "audit keys",
                        "db_table": "audit_key",
                    },
                ),
                migrations.CreateModel(
                    name="AuditLog",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=tenancy.actor.new_id, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("workspace_id", models.UUIDField(editable=False, null=True)),
                        (
                            "store",
                            models.CharField(
                                choices=[
                                    ("security", "security"),
                                    ("compliance", "compliance"),
                                    ("decision", "decision"),
                                ],
                                max_length=16,
                            ),
                        ),
                        ("at", models.DateTimeField()),
                    ],
                    options={
                        "verbose_name": "audit log",
                        "verbose_name_plural": "audit logs",
                        "db_table": "audit_log",
                    },
                ),
                migrations.CreateModel(
                    name="AuditRound",
                    fields=[
                        ("n", models.BigIntegerField(primary_key=True, serialize=False)),
                        ("epoch", models.IntegerField()),
                        ("lo", audit.models.XidField()),
                        ("hi", audit.models.XidField()),
                        ("size_from", models.BigIntegerField()),
                        ("size_to", models.BigIntegerField()),
                        ("entries", models.BinaryField()),
                        ("frontier", models.BinaryField()),
                        ("root", models.BinaryField()),
                        ("note", models.TextField()),
                        ("at", models.DateTimeField()),
                    ],
                    options={
                        "verbose_name": "sealing round",
                        "verbose_name_plural": "sealing rounds",
                        "db_table": "audit_round",
                    },
                ),
                migrations.CreateModel(
                    name="AuditSeal",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=tenancy.actor.new_id, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("workspace_id", models.UUIDField(editable=False, null=True)),
                        ("log_id", models.UUIDField()),
                        ("n", models.BigIntegerField(verbose_name="seal")),
                        ("round", models.BigIntegerField()),
                        ("epoch", models.IntegerField()),
                        ("lo", audit.models.XidField()),
                        ("hi", audit.models.XidField()),
                        ("size_from", models.BigIntegerField()),
                        ("size_to", models.BigIntegerField(verbose_name="size")),
                        ("frontier", models.BinaryField()),
                        ("root", models.BinaryField()),
                        ("note", models.TextField()),
                        ("at", models.DateTimeField(verbose_name="sealed")),
                    ],
                    options={
                        "verbose_name": "seal",
                        "verbose_name_plural": "seals",
                        "db_table": "audit_seal",
                        "ordering": ["log_id", "n"],
                    },
                ),
                migrations.CreateModel(
                    name="AuditTile",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "log_id", "n", "part", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("log_id", models.UUIDField()),
                        ("n", models.BigIntegerField()),
                        ("part", models.IntegerField()),
                        ("leaves", models.BinaryField()),
                    ],
                    options={
                        "verbose_name": "tile",
                        "verbose_name_plural": "tiles",
                        "db_table": "audit_tile",
                    },
                ),
            ],
        ),
    ]
