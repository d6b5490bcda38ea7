-- Removes some keys of the model, from the cursor ARGV[3] on, and returns the next one: '0' once none is left. What is not a model stays.
local found = redis.call('TYPE', KEYS[1]).ok == 'hash' and redis.call('HGET', KEYS[1], 'schema')
if not found or not tonumber(found) then
  return '0'
end
local page = redis.call('SCAN', ARGV[3], 'MATCH', prefix .. ':*', 'COUNT', 1000)
for _, key in ipairs(page[2]) do
  if key ~= KEYS[1] then
    redis.call('UNLINK', key)
  end
end
if page[1] == '0' then
  redis.call('UNLINK', KEYS[1])
end
return page[1]
