#version 450
// variants: f32
// out = or += the sum of the rows of x [n_rows, n], in their order: few and long ones, as parts of a
// product are, of whole units.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "units.glsl"

layout(constant_id = 1) const uint kIsAccumulating = 0;

layout(binding = 0) readonly buffer X { uvec4 x_units[]; };
layout(binding = 1) buffer Out { uvec4 out_units[]; };

layout(push_constant) uniform Push {
  uint ahead[2];
  uint n_units;
  uint n_rows;
} push;

const uint kAtOnce = 8;  // rows on their way at the same time

vec4 unit_of(uint row, uint i) {
  return uintBitsToFloat(x_units[UNIT_AT(0, min(row, push.n_rows - 1) * push.n_units + i)]);
}

void main() {
  FOR_EACH(i, push.n_units) {
    vec4 sum = vec4(0.0);
    for (uint row = 0; row < push.n_rows; row += kAtOnce) {
      vec4 values[kAtOnce];
      [[unroll]] for (uint r = 0; r < kAtOnce; ++r) values[r] = unit_of(row + r, i);
      [[unroll]] for (uint r = 0; r < kAtOnce; ++r) sum += row + r < push.n_rows ? values[r] : vec4(0.0);
    }
    uint to = UNIT_AT(1, i);
    if (kIsAccumulating != 0) sum = uintBitsToFloat(out_units[to]) + sum;
    out_units[to] = floatBitsToUint(sum);
  }
}
