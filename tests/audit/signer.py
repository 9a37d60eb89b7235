"""A real Ed25519 signer whose key lives as long as the test."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.notes import PublicKey


class TestSigner:
    """Implements audit.signing.Signer."""

    __test__ = False
    algorithm = 0x01

    def __init__(self, name: str) -> None:
        self.name = name
        self._private = Ed25519PrivateKey.generate()
        self._public = PublicKey(name, self.algorithm, self._private.public_key().public_bytes_raw())

    @property
    def key_id(self) -> bytes:
        return self._public.key_id

    @property
    def vkey(self) -> str:
        return self._public.vkey

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)
