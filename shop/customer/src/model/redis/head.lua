-- The checkpoint and the lease.
if not is_ours() then
  return redis.error_reply('AGORALAYOUT')
end
return redis.call('HMGET', KEYS[1], 'position', 'term', 'beat')
