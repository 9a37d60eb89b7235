from django.db import migrations

from tenancy.scoping import unwall, wall

TABLES = ("policy_attributedefinition", "policy_policyset", "policy_epoch")


class Migration(migrations.Migration):
    dependencies = [("policy", "0001_initial"), ("tenancy", "0002_the_wall")]

    operations = [migrations.RunSQL(wall(table), unwall(table)) for table in TABLES]
