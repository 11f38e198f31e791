#version 450
// variants: f32 bf16
// out = activation(x · weightᵀ + bias) + residual; weights are packed, and the variant is how.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "activations.glsl"
#include "packed.glsl"
#include "packed_sums.glsl"

layout(constant_id = 7) const uint kDeep = 8;  // inputs that are on their way at the same time

layout(binding = 0) readonly buffer X { float x[]; };
layout(binding = 1) readonly buffer XScales { float x_scales[]; };  // of integers, not of these
layout(binding = 2) readonly buffer Values { uvec4 values[]; };
layout(binding = 3) readonly buffer Scales { uint16_t scales[]; };

#ifdef BF16
#define kEach 8
#define VALUE(words, e) uintBitsToFloat((e) % 2 == 0 ? words[(e) / 2] << 16 : words[(e) / 2] & 0xffff0000u)
#else
#define kEach 4
#define VALUE(words, e) uintBitsToFloat(words[e])
#endif

void main() {
  uint lane = gl_LocalInvocationID.x % kLanes;
  uint share = gl_LocalInvocationID.x / kLanes;
  uint n_shares = gl_WorkGroupSize.x / kLanes;
  uint panel = gl_WorkGroupID.x / kParts;
  uint part = gl_WorkGroupID.x % kParts;
  uint first_row = gl_WorkGroupID.y * kRows;
  const uint kWords = kPanel / kEach;  // of 16 bytes, of an input
  uint first = (push.ahead[2] >> 4) + panel * push.K * kWords + part * kLanes + lane;
  float sums[kRows][kEach];
  [[unroll]] for (uint r = 0; r < kRows; ++r)
    [[unroll]] for (uint e = 0; e < kEach; ++e) sums[r][e] = 0.0;

  for (uint k0 = share; k0 < push.K; k0 += kDeep * n_shares) {
    // Beyond the last input that one is read again, and counts for nothing.
    uvec4 words[kDeep];
    [[unroll]] for (uint i = 0; i < kDeep; ++i) words[i] = values[first + min(k0 + i * n_shares, push.K - 1) * kWords];
    [[unroll]] for (uint i = 0; i < kDeep; ++i) {
      uint k = k0 + i * n_shares;
      [[unroll]] for (uint r = 0; r < kRows; ++r) {
        float value = x[AT32(0, min(first_row + r, push.n_rows - 1) * push.K + min(k, push.K - 1))];
        value = k < push.K ? value : 0.0;
        [[unroll]] for (uint e = 0; e < kEach; ++e) sums[r][e] = fma(VALUE(words[i], e), value, sums[r][e]);
      }
    }
  }
  WRITE_SUMS(sums, kEach, first_row, panel * kPanel + part * kLanes * kEach)
}
