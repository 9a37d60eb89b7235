"""What the log never says: tokens that sign in, and the values of statements that failed."""

import logging

import psycopg
import pytest
from django.conf import settings
from django.test import Client
from django.utils.module_loading import import_string

from accounts import tokens
from tests import boot


def written(caplog) -> str:
    """What was said, as the product writes it."""
    form = settings.LOGGING["formatters"]["line"]
    line = import_string(form["()"])(form["format"], style=form["style"])
    return "\n".join(line.format(record) for record in caplog.records)


def test_a_link_that_was_asked_for_in_a_wrong_way_is_not_in_the_log(db, caplog):
    token = tokens.new_token()

    Client(HTTP_HOST="localhost", enforce_csrf_checks=True).post(f"/login/{token}")

    assert token in caplog.text
    assert "/login/crd_[cut]" in written(caplog)
    assert token not in written(caplog)


def test_a_traceback_is_cut_as_well(caplog):
    token = tokens.new_token()
    try:
        int(token)
    except ValueError:
        logging.getLogger("cordon").exception("it failed")

    assert token in caplog.text
    assert token not in written(caplog)


def test_the_embedded_database_does_not_write_down_the_values_of_what_failed():
    name = boot.DEPLOYMENT.log / "postgres.log"
    with boot.owner() as owner, pytest.raises(psycopg.errors.UndefinedTable):
        psycopg.ClientCursor(owner).execute("select * from nowhere where secret = %s", ["argon2$secret"])

    assert "nowhere" in name.read_text()
    assert "argon2$secret" not in name.read_text()
