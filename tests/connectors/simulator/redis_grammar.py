"""Random commands for the two servers to agree on: templates, the words that fill them, and how to read replies.

A template's capital words stay; a small one is drawn from ``WORDS``. Now and then a word is swapped for one of
another kind, left out or doubled, so that refusals are compared as well as answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

WORDS: Mapping[str, Sequence[str]] = {
    "key": ("a", "b", "c", "d"),
    "field": ("f", "g", "h", "10"),
    "value": ("x", "", "7", "-3", "1.5", "hello world", "10"),
    "int": ("0", "1", "2", "-1", "-2", "5", "100"),
    "big": ("9223372036854775807", "-9223372036854775808", "3"),
    "count": ("0", "1", "2", "3", "-1", "-2"),
    "float": ("0", "1.5", "-2.25", "0.1", "1e3", "3", "inf", "-inf"),
    "plain": ("0", "1.5", "-2.25", "0.1", "1e3", "3"),
    "score": ("0", "1", "(1", "-inf", "+inf", "(2.5", "3"),
    "lex": ("-", "+", "[f", "(g", "[h"),
    "ttl": ("100", "1000", "50"),
    "glob": ("*", "?", "[a-c]", "f*", "[^a]"),
    "id": ("1-1", "2-0", "3", "3-5", "0-1", "5-*", "2"),
    "end": ("-", "+", "1-1", "2", "(1-1", "4-0", "0"),
    "group": ("g1", "g2"),
    "consumer": ("alice", "bob"),
    "side": ("LEFT", "RIGHT"),
    "past": ("0", "-1"),
}
STRINGS = (
    "GET key|SET key value|SET key value NX|SET key value XX|SET key value GET|SET key value EX ttl"
    "|APPEND key value|SET key value KEEPTTL|SET key value NX GET|SET key value EX ttl NX|SET key value PX 99000"
    "|GETEX key|GETEX key EX ttl|GETEX key PERSIST|GETDEL key|GETSET key value|SETNX key value"
    "|SETEX key ttl value|STRLEN key|INCR key|DECR key|INCRBY key int|INCRBY key big|DECRBY key int"
    "|DECRBY key big|INCRBYFLOAT key plain|GETRANGE key int int|MGET key key|SETRANGE key int value"
    "|SUBSTR key int int|MSET key value key value|MSETNX key value key value"
)
KEYS = (
    "DEL key key|UNLINK key|EXISTS key key|TYPE key|EXPIRE key ttl|EXPIRE key ttl GT|EXPIRE key ttl LT"
    "|EXPIRE key ttl NX|EXPIRE key ttl XX|TTL key|PERSIST key|RENAME key key|RENAMENX key key|COPY key key"
    "|COPY key key REPLACE|TOUCH key|KEYS glob|SCAN 0 COUNT 1000|SCAN 0 MATCH glob COUNT 1000"
    "|SCAN 0 TYPE hash COUNT 1000|DBSIZE|EXPIRE key past|COPY key key DB int|MOVE key int|EXPIREAT key past"
    "|PEXPIRE key past"
)
HASHES = (
    "HSET key field value|HSET key field value field value|HSETNX key field value|HGET key field"
    "|HMGET key field field|HGETALL key|HKEYS key|HVALS key|HLEN key|HSTRLEN key field|HEXISTS key field"
    "|HDEL key field field|HINCRBY key field int|HINCRBY key field big|HINCRBYFLOAT key field plain|HSCAN key 0"
    "|HSCAN key 0 MATCH glob|HMSET key field value|HSET key field int"
)
SETS = (
    "SADD key field field|SREM key field|SMEMBERS key|SCARD key|SISMEMBER key field|SMISMEMBER key field field"
    "|SUNION key key|SINTER key key|SDIFF key key|SUNIONSTORE key key key|SINTERSTORE key key key"
    "|SDIFFSTORE key key key|SINTERCARD 2 key key|SINTERCARD 2 key key LIMIT count|SMOVE key key field"
    "|SSCAN key 0|SSCAN key 0 MATCH glob|SADD key field"
)
LISTS = (
    "RPUSH key value value|LPUSH key value value|RPUSHX key value|LPUSHX key value|LPOP key|RPOP key"
    "|LPOP key count|RPOP key count|LLEN key|LRANGE key int int|LINDEX key int|LSET key int value"
    "|LTRIM key int int|LREM key count value|LINSERT key BEFORE value value|LINSERT key AFTER value value"
    "|LPOS key value|LPOS key value RANK count|LPOS key value COUNT count"
    "|LPOS key value RANK count COUNT count MAXLEN count|LMOVE key key side side|RPOPLPUSH key key"
    "|LMPOP 2 key key side|LMPOP 1 key side COUNT count"
)
ZSETS = (
    "ZADD key plain field|ZADD key float field float field|ZADD key NX plain field|ZADD key XX CH plain field"
    "|ZADD key GT CH plain field|ZADD key LT plain field|ZADD key INCR plain field|ZADD key XX INCR plain field"
    "|ZADD key NX GT plain field|ZREM key field field|ZSCORE key field|ZMSCORE key field field|ZCARD key"
    "|ZRANK key field|ZREVRANK key field|ZRANGE key int int|ZRANGE key int int WITHSCORES|ZRANGE key int int REV"
    "|ZRANGE key score score BYSCORE|ZRANGE key score score BYSCORE WITHSCORES LIMIT int count"
    "|ZRANGE key score score BYSCORE REV|ZRANGE key lex lex BYLEX|ZRANGE key lex lex BYLEX REV LIMIT int count"
    "|ZREVRANGE key int int WITHSCORES|ZRANGEBYSCORE key score score|ZRANGEBYSCORE key score score WITHSCORES"
    "|ZRANGEBYSCORE key score score LIMIT int count|ZREVRANGEBYSCORE key score score|ZRANGEBYLEX key lex lex"
    "|ZREVRANGEBYLEX key lex lex|ZCOUNT key score score|ZLEXCOUNT key lex lex|ZINCRBY key plain field|ZPOPMIN key"
    "|ZPOPMAX key count|ZREMRANGEBYSCORE key score score|ZREMRANGEBYRANK key int int|ZREMRANGEBYLEX key lex lex"
    "|ZSCAN key 0|ZUNION 2 key key WITHSCORES|ZINTER 2 key key WITHSCORES AGGREGATE MAX"
    "|ZDIFF 2 key key WITHSCORES|ZUNIONSTORE key 2 key key WEIGHTS plain plain"
    "|ZINTERSTORE key 2 key key AGGREGATE MIN|ZDIFFSTORE key 2 key key|ZINTERCARD 2 key key"
    "|ZRANGESTORE key key int int|ZMPOP 1 key MIN|ZMPOP 2 key key MAX COUNT count"
)
STREAMS = (
    "XADD key id field value|XADD key id field value|XADD key NOMKSTREAM id field value"
    "|XADD key MAXLEN count id f v|XADD key MAXLEN = count id f v|XADD key MINID id id f v|XLEN key"
    "|XRANGE key end end|XRANGE key - + COUNT count|XREVRANGE key end end|XREVRANGE key + - COUNT count"
    "|XDEL key id|XTRIM key MAXLEN count|XTRIM key MINID id|XREAD STREAMS key id"
    "|XREAD COUNT count STREAMS key key id id|XREAD STREAMS key $|XGROUP CREATE key group id"
    "|XGROUP CREATE key group $ MKSTREAM|XGROUP DESTROY key group|XGROUP CREATECONSUMER key group consumer"
    "|XGROUP DELCONSUMER key group consumer|XGROUP SETID key group id"
    "|XREADGROUP GROUP group consumer STREAMS key >|XREADGROUP GROUP group consumer COUNT count STREAMS key >"
    "|XREADGROUP GROUP group consumer STREAMS key 0|XREADGROUP GROUP group consumer NOACK STREAMS key >"
    "|XACK key group id id|XPENDING key group|XSETID key id|XINFO STREAM key|XINFO GROUPS key|XINFO NOSUCH key"
)
CONNECTION = (
    "MULTI|EXEC|DISCARD|WATCH key|UNWATCH|MULTI|EXEC|PING|ECHO value|CONFIG GET appendonly|PUBLISH a b"
    "|PUBSUB NUMPAT|CLIENT GETNAME|OBJECT FREQ none|SELECT 0|EVAL return{KEYS[1]} 1 key|SCRIPT EXISTS x"
)
FAMILIES: Mapping[str, str] = {
    "strings": STRINGS,
    "hashes": HASHES,
    "sets": SETS,
    "lists": LISTS,
    "sorted sets": ZSETS,
    "streams": STREAMS,
}
FREE = "SMEMBERS SUNION SINTER SDIFF KEYS HGETALL HKEYS HVALS SCAN HSCAN SSCAN ZSCAN EXEC"  # in what order they answer
SORTED = frozenset(FREE.split())
Command = tuple[str, ...]


def commands(family: str) -> st.SearchStrategy[list[Command]]:
    """Sequences of the family's commands, some on keys of any type among them."""
    own = st.sampled_from(FAMILIES[family].split("|"))
    other = st.sampled_from(f"{KEYS}|{CONNECTION}|{STRINGS}".split("|"))
    template = st.one_of(own, own, own, other)
    return st.lists(template.flatmap(_filled).flatmap(_bent), min_size=1, max_size=30)


def _filled(template: str) -> st.SearchStrategy[Command]:
    return st.tuples(*(st.sampled_from(WORDS.get(word, (word,))) for word in template.split()))


def _bent(command: Command) -> st.SearchStrategy[Command]:
    """The command as it is, most often; else a word of another kind, one too few or one too many."""
    anything = sorted({word for words in WORDS.values() for word in words} - {"*"})  # which is the time in XADD
    place = st.integers(1, max(1, len(command) - 1))
    return st.one_of(
        *[st.just(command)] * 8,
        st.builds(lambda at, word: (*command[:at], word, *command[at + 1 :]), place, st.sampled_from(anything)),
        st.builds(lambda at: (*command[:at], *command[at + 1 :]), place),
        st.builds(lambda word: (*command, word), st.sampled_from(anything)),
    )
