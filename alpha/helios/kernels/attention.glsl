// Packed queries, keys and values [B, T, 3C], and what forward and backward of attention share.
#include "dropout.glsl"

// Of the push constants: T, H, D, first_batch, scale, soft_cap, keep_scale, is_dropping,
// threshold.
#define C (push.H * push.D)

// Part 0 (queries), 1 (keys), 2 (values) of head h, row t of batch entry b.
#define QKV(b, t, part, h) (((b) * push.T_ + (t)) * 3 * C + (part) * C + (h) * push.D)
#define ROW(b, t, h) (((b) * push.T_ + (t)) * C + (h) * push.D)
#define LSE(b, h, t) (((b) * push.H + (h)) * push.T_ + (t))

float capped(float score) {
  return push.soft_cap > 0.0 ? push.soft_cap * safe_tanh(score / push.soft_cap) : score;
}

// d capped / d score, from its result.
float cap_derivative(float result) {
  if (push.soft_cap <= 0.0) return 1.0;
  float t = result / push.soft_cap;
  return 1.0 - t * t;
}

// What dropout multiplies the weight of key s for query t by. The index of the element, ((b H + h) T
// + t) T + s, may take more than 32 bits.
float kept(uint b, uint h, uint t, uint s) {
  if (push.is_dropping == 0) return 1.0;
  uint row = ((push.first_batch + b) * push.H + h) * push.T_ + t;
  uint high, low;
  umulExtended(row, push.T_, high, low);
  uint sum = low + s;
  high += sum < low ? 1u : 0u;
  return is_kept_at(high, sum, push.threshold) ? push.keep_scale : 0.0;
}
