-- Notes an event that cannot be taken and moves the checkpoint from ARGV[3] to its position, ARGV[4]. ARGV[5]: the event.
-- 0, and nothing is changed, if the checkpoint is elsewhere.
if not is_ours() or redis.call('HGET', KEYS[1], 'position') ~= ARGV[3] then
  return 0
end
redis.call('HSET', prefix .. ':aside', ARGV[4], ARGV[5])
redis.call('HSET', KEYS[1], 'position', ARGV[4])
return 1
