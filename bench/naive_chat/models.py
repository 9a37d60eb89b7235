from django.db import connection, models


class NaiveMessage(models.Model):
    room = models.TextField()
    body = models.TextField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "naive_chat"


def make_table() -> None:
    if NaiveMessage._meta.db_table not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(NaiveMessage)
