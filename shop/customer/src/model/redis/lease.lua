-- Puts the lease ARGV[5], ARGV[6] (term and beat) in the place of ARGV[3], ARGV[4] (empty: of none); 0 if another stands there.
if not is_ours() then
  return redis.error_reply('AGORALAYOUT')
end
local lease = redis.call('HMGET', KEYS[1], 'term', 'beat')
if (lease[1] or '') ~= ARGV[3] or (lease[2] or '') ~= ARGV[4] then
  return 0
end
redis.call('HSET', KEYS[1], 'term', ARGV[5], 'beat', ARGV[6])
return 1
