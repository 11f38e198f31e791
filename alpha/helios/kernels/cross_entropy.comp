#version 450
// variants: f32 bf16 f16
// lse and loss of each row of logits [n_rows, n]; 0 for a row that does not count.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"
#include "units.glsl"

layout(constant_id = 1) const uint kIsWhole = 0;  // rows are whole units

layout(binding = 0) readonly buffer Logits { T logits[]; };
layout(binding = 0) readonly buffer LogitsUnits { uvec4 logits_units[]; };
layout(binding = 1) readonly buffer Targets { int targets[]; };
layout(binding = 2) writeonly buffer Lse { float lses[]; };
layout(binding = 3) writeonly buffer Losses { float losses[]; };

layout(push_constant) uniform Push {
  uint ahead[4];
  uint n_rows;
  uint n;
  int ignored;
} push;

const uint kAtOnce = 4;

void main() {
  FOR_EACH_ROW(row, push.n_rows) {
    uint first = row * push.n;
    // One pass: the largest so far, and the sum of what is relative to it.
    float largest = -kInfinity;
    float sum = 0.0;
    for (uint j0 = gl_LocalInvocationID.x * kUnit; j0 < push.n; j0 += gl_WorkGroupSize.x * kUnit * kAtOnce) {
      float values[kAtOnce][kUnit];
      float above = largest;
      [[unroll]] for (uint i = 0; i < kAtOnce; ++i) {
        uint j = j0 + i * gl_WorkGroupSize.x * kUnit;
        if (j < push.n) LOAD_OF_ROW(logits, 0, first, j, values[i])
        FOR_UNIT(e) values[i][e] = j + e < push.n ? values[i][e] : -kInfinity;
        FOR_UNIT(e) above = max(above, values[i][e]);
      }
      // A NaN may not be the largest of anything: it counts through the sum.
      float base = above == -kInfinity ? 0.0 : above;
      sum *= exp(largest - base);
      [[unroll]] for (uint i = 0; i < kAtOnce; ++i) FOR_UNIT(e) sum += exp(values[i][e] - base);
      largest = above;
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
