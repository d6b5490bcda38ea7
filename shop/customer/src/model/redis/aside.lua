-- The events that could not be taken: positions and events.
if not is_ours() then
  return redis.error_reply('AGORALAYOUT')
end
return redis.call('HGETALL', prefix .. ':aside')
