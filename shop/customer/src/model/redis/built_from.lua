-- The event that begins the log which the model is built from; ARGV[3] if none was noted before.
if not is_ours() then
  return redis.error_reply('AGORALAYOUT')
end
redis.call('HSETNX', KEYS[1], 'first', ARGV[3])
return redis.call('HGET', KEYS[1], 'first')
