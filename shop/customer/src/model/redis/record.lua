-- The record of the generations, which is not one of the model's keys. With ARGV[4], that takes the place of ARGV[3] (empty: of none),
-- and 0 says that something else is there.
local key = prefix .. '.generations'
local found = redis.call('GET', key)
if not ARGV[4] then
  return found
end
if (found or '') ~= ARGV[3] then
  return 0
end
redis.call('SET', key, ARGV[4])
return 1
