#version 450
// variants: f32 bf16 f16
// Part p of [n_parts, n] is the sum of rows p · rows_per_part and on of x [n_rows, n]. An invocation
// has a column, or a pair of 16 bits each, of rows in turn with three others.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "units.glsl"

layout(constant_id = 1) const uint kIsAccumulating = 0;  // result += instead of =
layout(constant_id = 2) const uint kTo = 0;              // dtype of the result: 0 f32, 1 bf16, 2 f16
layout(constant_id = 3) const uint kEach = 1;            // columns of an invocation

layout(binding = 0) readonly buffer X { T x[]; };
layout(binding = 0) readonly buffer XWords { uint x_words[]; };
layout(binding = 1) buffer Out32 { float out32[]; };
layout(binding = 1) buffer OutB16 { uint16_t out_bf16[]; };
layout(binding = 1) buffer OutF16 { float16_t out_f16[]; };

layout(push_constant) uniform Push {
  uint ahead[2];
  uint n_rows;
  uint n;
  uint rows_per_part;
} push;

const uint kAtOnce = 8;   // rows on their way at the same time
const uint kColumns = 64;  // of a workgroup, or pairs
const uint kTurns = 4;     // invocations that take turns at the rows of a column

shared vec2 sums_[kTurns][kColumns];

void write(uint column, float sum) {
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

void main() {
  uint lane = gl_LocalInvocationID.x % kColumns;
  uint turn = gl_LocalInvocationID.x / kColumns;
  uint begin = gl_WorkGroupID.y * push.rows_per_part;
  uint end = min(begin + push.rows_per_part, push.n_rows);
  for (uint block = gl_WorkGroupID.x * kColumns; block < push.n / kEach; block += gl_NumWorkGroups.x * kColumns) {
    uint column = (block + lane) * kEach;
    vec2 sum = vec2(0.0);
    for (uint row = begin + turn * kAtOnce; column < push.n && row < end; row += kTurns * kAtOnce) {
      vec2 values[kAtOnce];
      [[unroll]] for (uint i = 0; i < kAtOnce; ++i) {
        uint at = min(row + i, end - 1) * push.n + column;
        values[i] = kEach == 2 ? PAIR(x_words[AT32(0, at / 2)]) : vec2(LOAD(x[AT(0, at)]), 0.0);
      }
      [[unroll]] for (uint i = 0; i < kAtOnce; ++i) sum += row + i < end ? values[i] : vec2(0.0);
    }
    barrier();
    sums_[turn][lane] = sum;
    barrier();
    if (turn > 0 || column >= push.n) continue;
    [[unroll]] for (uint i = 1; i < kTurns; ++i) sum += sums_[i][lane];
    [[unroll]] for (uint e = 0; e < kEach; ++e) write(column + e, sum[e]);
  }
}
