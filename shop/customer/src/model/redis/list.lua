-- A page of a list. ARGV[3]: the order; ARGV[4]: where to begin, as ZRANGEBYLEX takes it; ARGV[5]: what is searched for, in lower
-- case; ARGV[6]: how many are wanted; ARGV[7]: how many may be looked at; ARGV[8…]: the fields.
-- Answers the checkpoint, whether the page is complete, where to go on if it is not, and the customers.
if not is_ours() then
  return redis.error_reply('AGORALAYOUT')
end
local needle, count, looks = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local skipped = ARGV[3] == 'user' and 0 or 16
local members = redis.call('ZRANGEBYLEX', prefix .. ':by:' .. ARGV[3], ARGV[4], '+', 'LIMIT', 0, looks)
local found, last = {}, ARGV[4]
for _, member in ipairs(members) do
  if #found >= count then
    break
  end
  last = '(' .. member
  local key = key_of(string.sub(member, skipped + 1))
  local matches = needle == ''
  if not matches then
    -- Separated by a character that cannot be typed.
    local texts = redis.call('HMGET', key, 'user_lower', 'full_name_lower', 'email_lower')
    matches = string.find(table.concat(texts, '\n'), needle, 1, true) ~= nil
  end
  if matches then
    found[#found + 1] = redis.call('HMGET', key, unpack(ARGV, 8))
  end
end
local complete = (#found >= count or #members < looks) and 1 or 0
return { redis.call('HGET', KEYS[1], 'position'), complete, last, found }
