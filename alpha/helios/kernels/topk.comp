#version 450
// variants: f32 bf16 f16 i32
// The k largest of lines, largest first, equal ones by index; lines as in softmax.comp. Each is the
// largest of those that come behind the one before.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"

layout(constant_id = 1) const uint kHasValues = 1;

#ifdef I32
#undef T
#define T int
#define NUMBER int
#else
#define NUMBER float
#endif

layout(binding = 0) readonly buffer X { T x[]; };
layout(binding = 1) writeonly buffer Values { T values[]; };
layout(binding = 2) writeonly buffer Indices { int indices[]; };

layout(push_constant) uniform Push {
  uint ahead[3];
  uint n_lines;
  uint n;
  uint inner;
  uint k;
} push;

const uint kMost = 256;
const uint kNone = 0xffffffffu;
shared NUMBER best_values_[kMost];
shared uint best_[kMost];

bool is_before(NUMBER a, uint a_at, NUMBER b, uint b_at) {
  return a > b || (a == b && a_at < b_at);
}

void main() {
  uint local = gl_LocalInvocationID.x;
  FOR_EACH_ROW(line, push.n_lines) {
    uint first = line / push.inner * push.n * push.inner + line % push.inner;
    uint out_first = line / push.inner * push.k * push.inner + line % push.inner;
    NUMBER last = NUMBER(0);
    uint last_at = kNone;
    for (uint rank = 0; rank < push.k; ++rank) {
      NUMBER best = NUMBER(0);
      uint best_at = kNone;
      FOR_EACH_COLUMN(j, push.n) {
        NUMBER value = NUMBER(LOAD(x[AT(0, first + j * push.inner)]));
        if (last_at != kNone && !is_before(last, last_at, value, j)) continue;
        if (best_at == kNone || is_before(value, j, best, best_at)) {
          best = value;
          best_at = j;
        }
      }
      best_values_[local] = best;
      best_[local] = best_at;
      barrier();
      for (uint step = gl_WorkGroupSize.x / 2; step > 0; step /= 2) {
        if (local < step && best_[local + step] != kNone &&
            (best_[local] == kNone || is_before(best_values_[local + step], best_[local + step], best_values_[local], best_[local]))) {
          best_values_[local] = best_values_[local + step];
          best_[local] = best_[local + step];
        }
        barrier();
      }
      last = best_values_[0];
      last_at = best_[0];
      barrier();
      if (local == 0) {
        uint to = out_first + rank * push.inner;
        indices[AT32(2, to)] = int(last_at);
        if (kHasValues != 0) values[AT(1, to)] = x[AT(0, first + last_at * push.inner)];
      }
    }
  }
}
