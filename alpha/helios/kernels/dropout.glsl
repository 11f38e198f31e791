// The mask of a dropout: a function of its key and the element, as DropoutKey in core/rng.h. The key
// changes from step to step, and so lies in a buffer of changing numbers, at KEY_BINDING.
layout(binding = KEY_BINDING) readonly buffer Key { uint seed; uint counter; } key;

uint mix_bits(uint h) {
  h = (h ^ (h >> 16)) * 0x85ebca6bu;
  h = (h ^ (h >> 13)) * 0xc2b2ae35u;
  return h ^ (h >> 16);
}

// `high` and `low` are the halves of the element's index.
uint hash_start(uint high) {
  return key.seed + (key.counter + high * 0x9e3779b9u) * 2654435761u;
}

bool is_kept(uint start, uint low, uint threshold) {
  return mix_bits(start + low * 2246822519u) > threshold;
}

// As above, from the start on.
bool is_kept_at(uint high, uint low, uint threshold) {
  return is_kept(hash_start(high), low, threshold);
}
