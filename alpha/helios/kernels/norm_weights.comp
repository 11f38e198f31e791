#version 450
// variants: f32 bf16 f16
// Sums over rows for dweight and dbias: part p of [n_parts, 2, n] has those of rows p · rows_per_part
// and on. An invocation has a column, or a pair of 16 bits each.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "units.glsl"

layout(constant_id = 1) const uint kIsRms = 0;
layout(constant_id = 2) const uint kEach = 1;  // columns of an invocation

layout(binding = 0) readonly buffer X { T x[]; };
layout(binding = 0) readonly buffer XWords { uint x_words[]; };
layout(binding = 1) readonly buffer Mean { float means[]; };
layout(binding = 2) readonly buffer Rstd { float rstds[]; };
layout(binding = 3) readonly buffer Dy { T dy[]; };
layout(binding = 3) readonly buffer DyWords { uint dy_words[]; };
layout(binding = 4) writeonly buffer Parts { float parts[]; };

layout(push_constant) uniform Push {
  uint ahead[5];
  uint n_rows;
  uint n;
  uint rows_per_part;
} push;

const uint kAtOnce = 8;

void main() {
  uint part = gl_WorkGroupID.y;
  uint begin = part * push.rows_per_part;
  uint end = min(begin + push.rows_per_part, push.n_rows);
  uint stride = gl_NumWorkGroups.x * gl_WorkGroupSize.x * kEach;
  for (uint column = gl_GlobalInvocationID.x * kEach; column < push.n; column += stride) {
    vec2 dweight = vec2(0.0);
    vec2 dbias = vec2(0.0);
    for (uint row0 = begin; row0 < end; row0 += kAtOnce) {
      vec2 values[kAtOnce];
      vec2 d[kAtOnce];
      [[unroll]] for (uint i = 0; i < kAtOnce; ++i) {
        uint at = min(row0 + i, end - 1) * push.n + column;
        values[i] = kEach == 2 ? PAIR(x_words[AT32(0, at / 2)]) : vec2(LOAD(x[AT(0, at)]), 0.0);
        d[i] = kEach == 2 ? PAIR(dy_words[AT32(3, at / 2)]) : vec2(LOAD(dy[AT(3, at)]), 0.0);
      }
      [[unroll]] for (uint i = 0; i < kAtOnce; ++i) {
        uint row = min(row0 + i, end - 1);
        if (row0 + i >= end) d[i] = vec2(0.0);
        float mean = kIsRms != 0 ? 0.0 : means[AT32(1, row)];
        dweight += d[i] * (values[i] - mean) * rstds[AT32(2, row)];
        dbias += d[i];
      }
    }
    [[unroll]] for (uint e = 0; e < kEach; ++e) {
      parts[AT32(4, 2 * part * push.n + column + e)] = dweight[e];
      parts[AT32(4, (2 * part + 1) * push.n + column + e)] = dbias[e];
    }
  }
}
