"""The proof of work of many headers: threads compute the hashes a little ahead of the checks."""

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor

from ccxx_core.block import BlockHeader
from ccxx_core.hashes import scrypt_hash

# Headers that a thread takes at once: 8 ms of scrypt, during which Python's lock is free.
_BATCH = 32


def hashed_ahead(
    headers: Sequence[BlockHeader], threads: int
) -> Generator[BlockHeader, None, None]:
    """Give headers in order, each with its hash computed; closing it stops the threads.

    With one thread, or few headers, a hash is left to whoever asks for it.
    """
    if threads == 1 or len(headers) <= _BATCH:
        yield from headers
        return
    batches = [headers[first : first + _BATCH] for first in range(0, len(headers), _BATCH)]
    with ThreadPoolExecutor(threads) as pool:
        try:
            for batch in pool.map(_hash, batches):
                yield from batch
        finally:
            pool.shutdown(cancel_futures=True)


def _hash(headers: Sequence[BlockHeader]) -> Sequence[BlockHeader]:
    for header in headers:
        # Past the cached property: on Python 3.11 its lock lets only one thread hash at a time.
        header.__dict__["pow_hash"] = scrypt_hash(header.raw)
    return headers
