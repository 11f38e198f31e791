#version 450
// variants: f32 bf16 f16
// The sum of x² as pairs (high, low) of floats whose exact sum it is: of all elements that fall to a
// workgroup (kIsFinal = 0), or of the pairs of all workgroups, as a double's bits.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "units.glsl"
#include "doubles.glsl"

layout(constant_id = 1) const uint kIsFinal = 0;

layout(binding = 0) readonly buffer X { T x[]; };
layout(binding = 0) readonly buffer XUnits { uvec4 x_units[]; };
layout(binding = 1) buffer Pairs { vec2 pairs[]; };
layout(binding = 2) writeonly buffer Out { uvec2 result[]; };

layout(push_constant) uniform Push {
  uint ahead[3];
  uint n;
} push;

const uint kMost = 256;
shared vec2 pairs_[kMost];

// The sum of two floats, exactly (Knuth).
vec2 two_sum(float a, float b) {
  precise float sum = a + b;
  precise float b_part = sum - a;
  precise float a_part = sum - b_part;
  precise float error = (a - a_part) + (b - b_part);
  return vec2(sum, error);
}

vec2 add_pair(vec2 a, vec2 b) {
  vec2 sum = two_sum(a.x, b.x);
  precise float low = sum.y + (a.y + b.y);
  return two_sum(sum.x, low);
}

// v² exactly, by halves of v (Dekker): fma need not be one operation.
vec2 square(float v) {
  precise float high = v * v;
  precise float scaled = 4097.0 * v;
  precise float a = scaled - (scaled - v);
  precise float b = v - a;
  precise float low = ((a * a - high) + 2.0 * a * b) + b * b;
  return vec2(high, isinf(scaled) ? 0.0 : low);
}

void main() {
  vec2 sum = vec2(0.0);
  if (kIsFinal != 0) {
    for (uint i = gl_LocalInvocationID.x; i < push.n; i += gl_WorkGroupSize.x) sum = add_pair(sum, pairs[(push.ahead[1] >> 3) + i]);
  } else {
    uint n_units = IS_ALIGNED(push.ahead[0]) ? push.n / kUnit : 0;
    FOR_EACH(i, n_units) {
      float values[kUnit];
      unpack_unit(x_units[UNIT_AT(0, i)], values);
      FOR_UNIT(e) sum = add_pair(sum, square(values[e]));
    }
    FOR_REST(i, n_units * kUnit, push.n) sum = add_pair(sum, square(LOAD(x[AT(0, i)])));
  }
  pairs_[gl_LocalInvocationID.x] = sum;
  barrier();
  for (uint step = gl_WorkGroupSize.x / 2; step > 0; step /= 2) {
    if (gl_LocalInvocationID.x < step) pairs_[gl_LocalInvocationID.x] = add_pair(pairs_[gl_LocalInvocationID.x], pairs_[gl_LocalInvocationID.x + step]);
    barrier();
  }
  if (gl_LocalInvocationID.x != 0) return;
  if (kIsFinal != 0) {
    result[push.ahead[2] >> 3] = double_bits(pairs_[0]);
  } else {
    pairs[(push.ahead[1] >> 3) + gl_WorkGroupID.x] = pairs_[0];
  }
}
