"""Compression on several threads, a chunk each, into one stream.

zlib lets go of the interpreter while it works, so that chunks are compressed beside each other and
beside the formatting of what comes next. Each chunk starts from the end of the one before it as its
dictionary and ends at a whole byte, so that the compressed chunks follow each other as one deflate
stream. Where a chunk ends depends on the sheet alone: any number of threads writes the same bytes.
"""

from __future__ import annotations

import os
import zlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

try:
    from isal import isal_zlib
except ImportError:  # there are machines for which it is not made
    isal_zlib = None  # type: ignore[assignment]

# For size. Level 4 with the strategy for filtered data is smaller than zlib's default level 6, and faster
# than level 5: it leaves alone the short matches of which digits are full. See docs/performance.md.
LEVEL = 4
STRATEGY = zlib.Z_FILTERED
# For speed: about a tenth of the time, for up to 10 % more bytes.
FAST_LEVEL = 2
# For cells that differ in little but their column, which zlib's own strategy finds short matches in: a sixth
# smaller. Too slow for sheets of many pixels.
BEST_LEVEL = 9
_MEMORY = 8  # zlib's default
_WINDOW = 1 << 15  # bytes that a match reaches back
_MOST_THREADS = 6  # formatting keeps about five busy


def threads() -> int:
    """As many as this process may use processors."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, _MOST_THREADS)


class Deflater:
    """Like zlib's compression object, for chunks of some 100 kB.

    A stream of a single chunk never leaves the caller's thread.

    Args:
        pool: compresses the chunks.
        ahead: how many chunks may wait at most, which bounds the memory.
        fast: whether speed counts more than size.
        repeats: whether the text repeats itself in short pieces.
    """

    def __init__(
        self, pool: ThreadPoolExecutor, ahead: int, *, fast: bool = False, repeats: bool = False
    ) -> None:
        self._pool = pool
        self._work = deflated_best if repeats else deflated
        if fast and isal_zlib is not None:
            self._work = deflated_fast
        self._ahead = ahead
        self._held: bytes | None = None
        self._before = b""
        self._waiting: deque[Future[bytes]] = deque()

    def compress(self, data: bytes) -> bytes:
        """Take a chunk, and give what is ready to be written."""
        if self._held is not None:
            self._waiting.append(self._pool.submit(self._work, self._held, self._before, last=False))
            self._before = self._held[-_WINDOW:]
        self._held = data
        return self._waiting.popleft().result() if len(self._waiting) > self._ahead else b""

    def flush(self) -> bytes:
        """The rest, once all chunks are in."""
        last = self._work(self._held or b"", self._before, last=True)
        return b"".join(done.result() for done in self._waiting) + last


def deflated(chunk: bytes, before: bytes, *, last: bool) -> bytes:
    """One chunk of a deflate stream.

    Args:
        chunk: to compress.
        before: the end of the chunk before it.
        last: whether the stream ends with it.
    """
    return _deflated(chunk, before, last, LEVEL, STRATEGY)


def deflated_best(chunk: bytes, before: bytes, *, last: bool) -> bytes:
    """The same for text that repeats itself in short pieces."""
    return _deflated(chunk, before, last, BEST_LEVEL, zlib.Z_DEFAULT_STRATEGY)


def _deflated(chunk: bytes, before: bytes, last: bool, level: int, strategy: int) -> bytes:
    form = (level, zlib.DEFLATED, -zlib.MAX_WBITS, _MEMORY, strategy)
    deflater = zlib.compressobj(*form, before) if before else zlib.compressobj(*form)
    return deflater.compress(chunk) + deflater.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)


def deflated_fast(chunk: bytes, before: bytes, *, last: bool) -> bytes:
    """The same, by isal."""
    form = (FAST_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, _MEMORY, zlib.Z_DEFAULT_STRATEGY)
    deflater = isal_zlib.compressobj(*form, before) if before else isal_zlib.compressobj(*form)
    return deflater.compress(chunk) + deflater.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)
