-- Makes the model ours if there is none. ARGV[3]: 'found' leaves one of another layout alone, 'replace' empties it first,
-- 'reset' empties it in any case. 2, and nothing is changed, if the keys there do not belong to a model; 3 if they are a newer version's.
local function is_free()
  local cursor = '0'
  repeat
    local page = redis.call('SCAN', cursor, 'MATCH', prefix .. ':*', 'COUNT', 1000)
    cursor = page[1]
    if #page[2] > 0 then
      return false
    end
  until cursor == '0'
  return true
end

local function empty()
  local lease = redis.call('HMGET', KEYS[1], 'term', 'beat')
  local cursor = '0'
  repeat
    local page = redis.call('SCAN', cursor, 'MATCH', prefix .. ':*', 'COUNT', 1000)
    cursor = page[1]
    for _, key in ipairs(page[2]) do
      redis.call('UNLINK', key)
    end
  until cursor == '0'
  redis.call('HSET', KEYS[1], 'schema', schema, 'position', 0)
  if lease[1] then
    redis.call('HSET', KEYS[1], 'term', lease[1], 'beat', lease[2])
  end
end

local found = false
-- The mark of a model is its hash with a number of a layout.
if redis.call('TYPE', KEYS[1]).ok == 'hash' then
  found = redis.call('HGET', KEYS[1], 'schema')
end
if (not found and not is_free()) or (found and not tonumber(found)) then
  return 2
end
if found and tonumber(found) > tonumber(schema) then
  return 3
end
if ARGV[3] == 'reset' or not found or (found ~= schema and ARGV[3] == 'replace') then
  empty()
  return 1
end
return found == schema and 1 or 0
