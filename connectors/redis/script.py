"""The one write: compares both fields with the bytes that were read, then writes both and tells who listens.

A state is ``=`` and the bytes, or ``-`` for a field that is not there. What is set goes first and in one command; a
user who may set but not delete is told that the write stopped half-way, which ``probe`` then settles. PUBLISH may
fail (a channel permission): listeners are only told sooner, applications poll anyway.
"""

from __future__ import annotations

import hashlib

from connectors.redis.flags import Held, fields_of

HALF_WRITTEN = "SEAWALL"

SCRIPT = b"""
local function state(field)
  local value = redis.call('HGET', KEYS[1], field)
  return value and '=' .. value or '-'
end
if state(ARGV[1]) ~= ARGV[3] or state(ARGV[2]) ~= ARGV[4] then return 0 end
local set, delete = {'HSET', KEYS[1]}, {'HDEL', KEYS[1]}
for i = 1, 2 do
  local field, wanted = ARGV[i], ARGV[4 + i]
  if wanted:sub(1, 1) == '=' then
    set[#set + 1] = field
    set[#set + 1] = wanted:sub(2)
  elseif ARGV[2 + i] ~= '-' then
    delete[#delete + 1] = field
  end
end
if #set > 2 then redis.call(unpack(set)) end
if #delete > 2 then
  local reply = redis.pcall(unpack(delete))
  if type(reply) == 'table' and reply.err then
    return redis.error_reply('SEAWALL set but not deleted: ' .. reply.err)
  end
end
redis.pcall('PUBLISH', KEYS[1], ARGV[1])
return 1
"""
SHA = hashlib.sha1(SCRIPT, usedforsecurity=False).hexdigest()


def arguments(fact: str, read: Held, wanted: Held) -> tuple[bytes, ...]:
    """ARGV: the two fields, what they held, what they are to hold."""
    states = (read.document, read.marks, wanted.document, wanted.marks)
    return (
        *(field.encode() for field in fields_of(fact)),
        *(b"-" if state is None else b"=" + state for state in states),
    )
