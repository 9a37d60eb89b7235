"""What is said of a log itself is found at once, however long the log is: the console asks every few seconds."""

from django.db import migrations

FORWARD = """
create index audit_event_of_the_log on audit_event (log_id, at)
  where kind in ('audit:log:verified', 'audit:log:degraded');
"""
BACK = "drop index audit_event_of_the_log;"


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_switches_leave_a_trace")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
