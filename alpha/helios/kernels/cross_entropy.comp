#version 450
// variants: f32 bf16 f16
// lse and loss of each row of logits [n_rows, n]; 0 for a row that does not count.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"

layout(binding = 0) readonly buffer Logits { T logits[]; };
layout(binding = 1) readonly buffer Targets { int targets[]; };
layout(binding = 2) writeonly buffer Lse { float lses[]; };
layout(binding = 3) writeonly buffer Losses { float losses[]; };

layout(push_constant) uniform Push {
  uint ahead[4];
  uint n_rows;
  uint n;
  int ignored;
} push;

void main() {
  FOR_EACH_ROW(row, push.n_rows) {
    uint first = row * push.n;
    // One pass: the largest so far, and the sum of what is relative to it.
    float largest = -kInfinity;
    float sum = 0.0;
    FOR_EACH_COLUMN(j, push.n) {
      float value = LOAD(logits[AT(0, first + j)]);
      if (value > largest) {
        sum = sum * exp(largest - value) + 1.0;
        largest = value;
      } else if (value != -kInfinity) {
        sum += exp(value - largest);
      }
    }
    float shift = workgroup_max(largest);
    shift = shift == -kInfinity ? 0.0 : shift;
    sum = workgroup_sum(largest == -kInfinity && sum == 0.0 ? 0.0 : sum * exp(largest - shift));
    float lse = shift + log(sum);
    if (gl_LocalInvocationID.x != 0) continue;
    int target = targets[AT32(1, row)];
    lses[AT32(2, row)] = lse;
    losses[AT32(3, row)] = target == push.ignored ? 0.0 : lse - LOAD(logits[AT(0, first + uint(target))]);
  }
}
