import os
import time
import timeit

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys import envelope
from tenancy.scoping import within


def cpu_seconds(work) -> float:
    return min(timeit.repeat(work, number=2000, repeat=7, timer=time.process_time))


def test_sealing_and_opening_cost_a_few_times_the_bare_cipher(standing):
    place, body, nonce, bound = standing.place(), os.urandom(300), os.urandom(12), os.urandom(150)
    bare = AESGCM(os.urandom(32))
    ciphertext = bare.encrypt(nonce, body, bound)

    with within(standing.id):
        sealed = envelope.seal(place, body)
        sealing = cpu_seconds(lambda: envelope.seal(place, body))
        opening = cpu_seconds(lambda: envelope.open_(place, sealed))

    assert len(sealed) == 334
    assert sealing < 10 * cpu_seconds(lambda: bare.encrypt(nonce, body, bound))
    assert opening < 10 * cpu_seconds(lambda: bare.decrypt(nonce, ciphertext, bound))
