"""About how many bytes the real server would hold a value in, and by which encoding it would.

The sizes are those of its small structures on a 64-bit machine: a string header, a listpack entry, a skip list's
node; close enough that the biggest key is the same one, not to the byte.
"""

from __future__ import annotations

from connectors.simulator.redis.call import integer
from connectors.simulator.redis.keyspace import HashValue, SetValue, Value
from connectors.simulator.redis.protocol import Failure
from connectors.simulator.redis.stream import HIGHEST, LOWEST, StreamValue
from connectors.simulator.redis.zset import ZSetValue

ENTRY = 40  # a key's own entry in the dictionary, its name apart
SMALL_HASH, SMALL_ZSET, SMALL_VALUE = 512, 128, 64  # entries, and bytes of one, up to which a listpack is used
INTSET = 512  # set-max-intset-entries
EMBEDDED = 44  # bytes of a string that lies within its object


def encoding_of(value: Value) -> str:
    """As OBJECT ENCODING says it."""
    match value:
        case bytes():
            return "int" if _is_integer(value) else "embstr" if len(value) <= EMBEDDED else "raw"
        case HashValue():
            return "listpack" if _is_small(len(value), SMALL_HASH, [*value, *value.values()]) else "hashtable"
        case SetValue():
            return "intset" if len(value) <= INTSET and all(map(_is_integer, value)) else "hashtable"
        case ZSetValue():
            return "listpack" if _is_small(len(value), SMALL_ZSET, list(value)) else "skiplist"
        case StreamValue():
            return "stream"
    return "quicklist"


def _is_small(entries: int, most: int, texts: list[bytes]) -> bool:
    return entries <= most and all(len(text) <= SMALL_VALUE for text in texts)


def _is_integer(raw: bytes) -> bool:
    try:
        integer(raw)
    except Failure:
        return False
    return True


def memory_of(key: bytes, value: Value) -> int:
    """Bytes of the key and its value."""
    return ENTRY + _rounded(len(key) + 2) + _content(value)


def _rounded(size: int, step: int = 8) -> int:
    """As the allocator hands it out: in steps."""
    return -(-size // step) * step


def _content(value: Value) -> int:
    match value:
        case bytes():
            return 0 if _is_integer(value) else _rounded(len(value) + 3, 16)
        case HashValue():
            return _collection(value, [*value, *value.values()], 16)
        case ZSetValue():
            return _collection(value, list(value), 84)
        case StreamValue():
            return 600 + sum(sum(map(len, fields)) + 12 for _, fields in value.between(LOWEST, HIGHEST))
        case SetValue():
            return _collection(value, list(value), 36)
    return 88 + sum(len(item) + 2 for item in value)


def _collection(value: Value, texts: list[bytes], each: int) -> int:
    compact = encoding_of(value) in ("listpack", "intset")
    return 16 + sum(len(text) + 2 if compact else _rounded(len(text) + 3) + each for text in texts)
