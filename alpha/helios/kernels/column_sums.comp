#version 450
// variants: f32 bf16 f16
// Part p of [n_parts, n] is the sum of rows p · rows_per_part and on of x [n_rows, n], whose rows are
// `stride` apart. An invocation has a column.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(constant_id = 1) const uint kIsFinal = 0;        // one part, and it is the result
layout(constant_id = 2) const uint kIsAccumulating = 0;  // result += instead of =
layout(constant_id = 3) const uint kTo = 0;              // dtype of the result: 0 f32, 1 bf16, 2 f16

layout(binding = 0) readonly buffer X { T x[]; };
layout(binding = 1) buffer Out32 { float out32[]; };
layout(binding = 1) buffer OutB16 { uint16_t out_bf16[]; };
layout(binding = 1) buffer OutF16 { float16_t out_f16[]; };

layout(push_constant) uniform Push {
  uint ahead[2];
  uint n_rows;
  uint n;
  uint stride;
  uint rows_per_part;
} push;

void main() {
  uint column = gl_GlobalInvocationID.x;
  if (column >= push.n) return;
  uint begin = gl_WorkGroupID.y * push.rows_per_part;
  uint end = min(begin + push.rows_per_part, push.n_rows);
  float sum = 0.0;
  for (uint row = begin; row < end; ++row) sum += LOAD(x[AT(0, row * push.stride + column)]);
  uint at = gl_WorkGroupID.y * push.n + column;
  uint to = push.ahead[1];
  if (kTo == 0) {
    to = (to >> 2) + at;
    out32[to] = kIsAccumulating != 0 ? out32[to] + sum : sum;
  } else if (kTo == 1) {
    to = (to >> 1) + at;
    if (kIsAccumulating != 0) sum += uintBitsToFloat(uint(out_bf16[to]) << 16);
    out_bf16[to] = uint16_t(bf16_bits(sum));
  } else {
    to = (to >> 1) + at;
    if (kIsAccumulating != 0) sum += float(out_f16[to]);
    out_f16[to] = float16_t(sum);
  }
}
