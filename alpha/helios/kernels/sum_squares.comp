#version 450
// variants: f32 bf16 f16
// The sum of x² as pairs (high, low) of floats whose exact sum it is: of all elements that fall to a
// workgroup (kIsFinal = 0), or of the pairs of all workgroups, as a double's bits.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "units.glsl"

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

// The bits of a double that is a float of the normal range, 0, an infinity or a NaN, or the sum of
// such a pair, rounded towards 0.
uvec2 double_bits(vec2 pair) {
  uint bits = floatBitsToUint(pair.x);
  uint exponent = (bits >> 23) & 0xffu;
  uint sign = bits & 0x80000000u;
  if (exponent == 0xffu) return uvec2((bits & 0x7fffffu) << 29, sign | 0x7ff00000u | ((bits & 0x7fffffu) >> 3));
  if (exponent == 0) return uvec2(0, sign);  // below what a sum of squares of interest has
  uint mantissa = bits & 0x7fffffu;
  uint high = (mantissa >> 3) | ((exponent + 896u) << 20) | sign;
  uint low = mantissa << 29;
  // The low part in units of 2^-29 of the last place of the high one.
  float unit = uintBitsToFloat(max(exponent, 53u) - 52u << 23);
  if (exponent > 53u && pair.y != 0.0) {
    float steps = pair.y / unit;
    if (steps >= 0.0) {
      uint add = uint(steps);
      uint before = low;
      low += add;
      if (low < before) high += 1u;
    } else {
      uint take = uint(-steps) + (fract(-steps) > 0.0 ? 1u : 0u);
      if (low < take) high -= 1u;
      low -= take;
    }
  }
  return uvec2(low, high);
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
