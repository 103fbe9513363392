"""What every script finds around it, written in Lua: redis, cjson, bit and math, and an environment of its own.

The tables are shown through proxies that nobody can write to, so that no script changes what the next one finds. The
chunk gets Python's functions as its arguments and returns the function that runs a script.
"""

from __future__ import annotations

PRELUDE = b"""
local call, sha1, encode, decode, null, random, randomseed, bits, version, version_number, instructions, kilobytes = ...
local sethook, getinfo, collect = debug.sethook, debug.getinfo, collectgarbage
local step, spent = 10, 0
local function watch()
  spent = spent + step
  if spent > instructions then error('script runs too long', 0) end
  if collect('count') > kilobytes then
    collect()
    if collect('count') > kilobytes then error('not enough memory', 0) end
  end
end
local function fits(bytes) if bytes > kilobytes * 1024 then error('not enough memory', 0) end end
local function closed() error('Attempt to modify a readonly table', 2) end
local function readonly(content)
  return setmetatable({}, {__index = content, __newindex = closed, __metatable = false})
end
local redis = {
  pcall = call, breakpoint = function() return false end, debug = function() end,
  replicate_commands = function() return true end, set_repl = function() end,
  LOG_DEBUG = 0, LOG_VERBOSE = 1, LOG_NOTICE = 2, LOG_WARNING = 3,
  REPL_NONE = 0, REPL_SLAVE = 1, REPL_REPLICA = 1, REPL_AOF = 2, REPL_ALL = 3,
  REDIS_VERSION = version, REDIS_VERSION_NUM = version_number,
  sha1hex = function(...)
    if select('#', ...) ~= 1 then error('wrong number of arguments', 0) end
    return sha1(...)
  end,
  log = function(level, ...)
    if select('#', ...) == 0 then error('redis.log() requires two arguments or more.', 0) end
    if type(level) ~= 'number' then error('First argument must be a number (log level).', 0) end
    if level < 0 or level > 3 then error('Invalid debug level.', 0) end
  end,
  setresp = function(protocol)
    if protocol ~= 2 and protocol ~= 3 then error('RESP version must be 2 or 3.', 0) end
  end,
  error_reply = function(message)
    if type(message) ~= 'string' then error('wrong number or type of arguments', 0) end
    if message:sub(1, 1) == '-' then message = message:sub(2) end
    if not message:find(' ', 1, true) then message = 'ERR ' .. message end
    return {err = message}
  end,
  status_reply = function(message)
    if type(message) ~= 'string' then error('wrong number or type of arguments', 0) end
    return {ok = message}
  end,
}
redis.call = function(...)
  local reply = call(...)
  if type(reply) == 'table' and reply.err then
    local caller = getinfo(2, 'Sl')  -- of a tail call nothing is known
    reply.line = caller and caller.source == '@user_script' and caller.currentline
    error(reply, 0)
  end
  return reply
end
local function checked(convert)
  return function(value)
    local done, result = convert(value)
    if not done then error('user_script:1: ' .. result, 0) end
    return result
  end
end
local cjson = {null = null, encode = checked(encode), decode = checked(decode)}
local math_table = {}
for name, value in pairs(math) do math_table[name] = value end
math_table.random = function(low, high)
  local drawn = random()
  if low == nil then return drawn end
  if high == nil then low, high = 1, low end
  if low > high then error('bad argument to random (interval is empty)', 2) end
  return math.floor(drawn * (high - low + 1)) + low
end
math_table.randomseed = function(seed) randomseed(seed) end
local texts, tables = {}, {}
for name, value in pairs(string) do texts[name] = value end
for name, value in pairs(table) do tables[name] = value end
texts.dump = nil
texts.rep = function(text, count)
  fits(#text * count)
  return string.rep(text, count)
end
texts.gsub = function(text, pattern, by, ...)
  if type(by) == 'string' then fits((#text + 1) * (#by + 1)) end
  return string.gsub(text, pattern, by, ...)
end
tables.concat = function(list, separator, ...)
  local size = 0
  for _, item in ipairs(list) do size = size + #tostring(item) + #tostring(separator or '') end
  fits(size)
  return table.concat(list, separator, ...)
end
getmetatable('').__index = texts
getmetatable('').__metatable = false
local load, setfenv = loadstring, setfenv
local base = {
  string = readonly(texts), table = readonly(tables), math = readonly(math_table), redis = readonly(redis),
  cjson = readonly(cjson), bit = readonly(bits),
}
local keep = {'assert', 'error', 'ipairs', 'next', 'pairs', 'pcall', 'rawequal', 'rawget', 'rawset', 'select',
  'setmetatable', 'getmetatable', 'tonumber', 'tostring', 'type', 'unpack', 'xpcall'}
for _, name in ipairs(keep) do base[name] = _G[name] end
base.collectgarbage = function(what)
  return what == 'count' and collectgarbage('count') or 0
end
local function environment(keys, argv)
  local own = {KEYS = keys, ARGV = argv}
  own.loadstring = function(body, name)
    if type(body) ~= 'string' or body:byte(1) == 27 then return nil, 'only text is loaded' end
    local chunk, problem = load(body, name)
    if not chunk then return nil, problem end
    return setfenv(chunk, own)
  end
  own._G = own
  return setmetatable(own, {
    __newindex = closed,
    __index = function(_, name)
      local value = base[name]
      if value == nil then
        error("Script attempted to access nonexistent global variable '" .. tostring(name) .. "'", 2)
      end
      return value
    end,
  })
end
return function(body, name, keys, argv, only_check)
  local chunk, problem = load(body, name)
  if not chunk then return false, problem end
  if only_check then return true end
  setfenv(chunk, environment(keys, argv))
  spent = 0
  sethook(watch, '', step)
  local done, result = pcall(chunk)
  sethook()
  if collect('count') > kilobytes / 2 then collect() end
  return done, result
end
"""
