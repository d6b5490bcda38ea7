-- The checkpoint, the sums over all customers, and how many of them are below zero.
if not is_ours() then
  return redis.error_reply('AGORALAYOUT')
end
local sums = redis.call('HMGET', prefix .. ':totals', 'granted', 'credit', 'spent', 'available', 'reserved')
return { redis.call('HGET', KEYS[1], 'position'), redis.call('SCARD', prefix .. ':below'), sums }
