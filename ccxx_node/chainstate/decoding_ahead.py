"""Blocks decoded ahead: a thread takes the next ones apart while one is checked and connected."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from ccxx_core.block import Block
from ccxx_core.errors import CcxxError
from ccxx_node.consensus.header_hashing import compute_work

Label = TypeVar("Label")

# Decoded blocks that wait: a full one is 10 MB of objects.
_AHEAD = 2


def decoded_ahead(
    raws: Iterable[tuple[Label, bytes]], threads: int
) -> Generator[tuple[Label, Callable[[], Block]], None, None]:
    """Give labels in order, each with what gives its block; closing it stops the thread.

    What gives the block raises DecodeError, and is to be called before the next label is taken.
    With one thread nothing is done before it is called. An error of ``raws`` comes behind all that
    came before it.
    """
    if threads == 1:
        for label, raw in raws:
            yield label, partial(Block.decode, raw)
        return
    ahead: deque[tuple[Label, Callable[[], Block]]] = deque()
    with ThreadPoolExecutor(1) as pool:
        try:
            for label, raw in raws:
                ahead.append((label, pool.submit(_decode, raw).result))
                if len(ahead) > _AHEAD:
                    yield ahead.popleft()
        except CcxxError:
            yield from ahead
            raise
        else:
            yield from ahead
        finally:
            pool.shutdown(cancel_futures=True)


def _decode(raw: bytes) -> Block:
    block = Block.decode(raw)
    compute_work(block.header)
    return block
