-- Fields of the customer of an id. ARGV[3]: the id, ARGV[4…]: the fields.
if not is_ours() then
  return redis.error_reply('AGORALAYOUT')
end
local user = redis.call('HGET', prefix .. ':users', ARGV[3])
if not user then
  return false
end
return redis.call('HMGET', key_of(user), unpack(ARGV, 4))
