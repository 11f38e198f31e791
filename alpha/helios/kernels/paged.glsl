// The KV cache in blocks, [n_blocks, L, H, head_size]: per head keys [D, 16], then values [16, D
// rounded up to 16].
const uint kBlock = 16;
const uint kPositions = 64;  // of a part of a sequence

#define PAGED_PARAMETERS \
  uint H;                \
  uint D;                \
  uint L;                \
  uint layer;            \
  uint head_size;        \
  uint max_blocks;       \
  float scale;           \
  float soft_cap;

#define HEAD_OF(id, h) ((((id) * push.L + push.layer) * push.H + (h)) * push.head_size)
#define KEY_AT(place, d) ((d) * kBlock + (place))
#define VALUE_AT(place, d) (push.D * kBlock + (place) * ((push.D + 15) / 16 * 16) + (d))

// What attention makes of a part of a sequence: a sum for each of kD columns, the largest score and
// the sum of the weights relative to it.
#define PART_AT(row, h, part, n_parts) ((((row) * push.H + (h)) * (n_parts) + (part)) * (kD + 2))
