-- Makes changes and moves the checkpoint from ARGV[3] to ARGV[4]. ARGV[5]: the changes (JSON, amounts as text).
-- ARGV[6], if given: the position of the event that is no longer set aside; ARGV[7], ARGV[8]: of one that is from now on, and the event.
-- 0, and nothing is changed, if the checkpoint is elsewhere; 2, and nothing is changed, if a registration repeats an id or a name.
if not is_ours() or redis.call('HGET', KEYS[1], 'position') ~= ARGV[3] then
  return 0
end
local users, totals = prefix .. ':users', prefix .. ':totals'
local by_credit, by_credit_down = prefix .. ':by:credit', prefix .. ':by:credit-down'

local function index_credit(user, before, now)
  if before then
    redis.call('ZREM', by_credit, sortable(before) .. user)
    redis.call('ZREM', by_credit_down, sortable(-before) .. user)
  end
  redis.call('ZADD', by_credit, 0, sortable(now) .. user)
  redis.call('ZADD', by_credit_down, 0, sortable(-now) .. user)
end

local function register(id, new)
  redis.call('HSET', users, id, new.user)
  redis.call('HSET', key_of(new.user), 'id', id, 'user', new.user, 'full_name', new.full_name, 'email', new.email,
    'full_name_lower', new.full_name_lower, 'email_lower', new.email_lower, 'user_lower', new.user_lower,
    'manager', new.manager, 'password', new.password, 'revision', 1, 'granted', new.credit, 'credit', new.credit,
    'reserved', 0, 'available', new.credit, 'spent', 0, 'registered', new.registered)
  redis.call('ZADD', prefix .. ':by:user', 0, new.user)
  redis.call('ZADD', prefix .. ':by:newest', 0, sortable(-tonumber(new.registered)) .. new.user)
  index_credit(new.user, nil, tonumber(new.credit))
  for _, field in ipairs({ 'granted', 'credit', 'available' }) do
    redis.call('HINCRBY', totals, field, new.credit)
  end
end

local function move(user, amounts)
  local key = key_of(user)
  local before = tonumber(redis.call('HGET', key, 'credit'))
  for field, amount in pairs(amounts) do
    redis.call('HINCRBY', key, field, amount)
    redis.call('HINCRBY', totals, field, amount)
  end
  local balances = redis.call('HMGET', key, 'credit', 'reserved', 'available')
  local now = tonumber(balances[1])
  if now ~= before then
    index_credit(user, before, now)
  end
  local below = now < 0 or tonumber(balances[2]) < 0 or tonumber(balances[3]) < 0
  redis.call(below and 'SADD' or 'SREM', prefix .. ':below', user)
end

local changes, ids, names = cjson.decode(ARGV[5]), {}, {}
for _, change in ipairs(changes) do
  local new = change.registered
  if new then
    local known = redis.call('HEXISTS', users, change.id) == 1 or redis.call('EXISTS', key_of(new.user)) == 1
    if known or ids[change.id] or names[new.user] then
      return 2
    end
    ids[change.id], names[new.user] = true, true
  end
end
for _, change in ipairs(changes) do
  if change.registered then
    register(change.id, change.registered)
  else
    local user = redis.call('HGET', users, change.id)
    if user then
      if change.moved then
        move(user, change.moved)
      end
      for field, value in pairs(change.set or {}) do
        redis.call('HSET', key_of(user), field, value)
      end
      if change.revised then
        redis.call('HINCRBY', key_of(user), 'revision', 1)
      end
    end
  end
end
if ARGV[6] then
  redis.call('HDEL', prefix .. ':aside', ARGV[6])
end
if ARGV[7] then
  redis.call('HSET', prefix .. ':aside', ARGV[7], ARGV[8])
end
redis.call('HSET', KEYS[1], 'position', ARGV[4])
return 1
