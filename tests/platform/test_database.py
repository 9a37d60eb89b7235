import pytest
from django.db import ProgrammingError, connection


@pytest.mark.django_db
def test_the_tests_run_as_the_app_role():
    with connection.cursor() as cursor:
        cursor.execute("select current_user")

        assert cursor.fetchone() == ("cordon_app",)


@pytest.mark.django_db
def test_the_app_role_makes_no_temporary_tables():
    with pytest.raises(ProgrammingError, match="temporary"), connection.cursor() as cursor:
        cursor.execute("create temporary table decoy (id int)")
