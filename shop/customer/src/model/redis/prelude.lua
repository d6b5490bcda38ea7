-- Begins every script. KEYS[1]: the model's hash. ARGV[1]: the prefix of all keys. ARGV[2]: the number of the layout.
local prefix, schema = ARGV[1], ARGV[2]

local function key_of(user)
  return prefix .. ':customer:' .. user
end

-- A number as text of fixed width that sorts as the number does.
local function sortable(number)
  return string.format('%016.0f', 4503599627370496 + number)
end

-- Whether the keys are of our layout; nothing else may be read or written.
local function is_ours()
  return redis.call('HGET', KEYS[1], 'schema') == schema
end
