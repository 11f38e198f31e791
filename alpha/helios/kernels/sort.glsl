// A step of a stable sort by a digit of 8 bits. Workgroups have as many invocations as there are
// digits, and chunks as many items.
const uint kDigits = 256;

layout(constant_id = 1) const uint kShift = 0;  // of the digit, in bits; 0: the first step

#define SORT_PARAMETERS \
  uint n;               \
  uint n_chunks;

#define ITEM(order_binding, i) (kShift == 0 ? (i) : order[AT32(order_binding, i)])
#define DIGIT_OF(item, keys_binding) ((keys[AT32(keys_binding, item)] >> kShift) % kDigits)
