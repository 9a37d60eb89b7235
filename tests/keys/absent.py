"""A KMS that does not answer: the setting `KMS` names this in tests of an outage."""

from pathlib import Path

from keys.local_kms import LocalKms


def kms() -> LocalKms:
    return LocalKms(Path("/nonexistent/cordon.kms-key"), data_dir=Path("/nonexistent/data"))
