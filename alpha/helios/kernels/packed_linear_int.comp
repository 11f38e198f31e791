#version 450
// variants: int8 int4
// packed_linear for integers: x comes from round_rows. Sixteen inputs are multiplied and added up in
// integers, then scaled.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "activations.glsl"
#include "packed.glsl"
#include "packed_sums.glsl"

layout(binding = 0) readonly buffer X { uvec4 x[]; };
layout(binding = 1) readonly buffer XScales { float x_scales[]; };
layout(binding = 2) readonly buffer Values { uvec4 values[]; };  // of four outputs
layout(binding = 3) readonly buffer Scales { uvec2 scales[]; };

#define kEach 4
const uint kInputs = 16;  // at once

ivec4 bytes_of(uint word) {
  return ivec4(int(word << 24) >> 24, int(word << 16) >> 24, int(word << 8) >> 24, int(word) >> 24);
}

int dot_of(ivec4 a, ivec4 b) {
  return a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w;
}

void main() {
  uint lane = gl_LocalInvocationID.x % kLanes;
  uint share = gl_LocalInvocationID.x / kLanes;
  uint n_shares = gl_WorkGroupSize.x / kLanes;
  uint panel = gl_WorkGroupID.x / kParts;
  uint part = gl_WorkGroupID.x % kParts;
  uint first_row = gl_WorkGroupID.y * kRows;
  uint units_per_block = push.block / kInputs;
  uint n_units = push.n_blocks * units_per_block;
#ifdef INT8
  const uint kWords = 4;  // of a unit and output
#else
  const uint kWords = 2;
#endif
  const uint kQuads = kPanel / kEach;
  uint place = part * kLanes + lane;
  uint first = (push.ahead[2] >> 4) + panel * n_units * kWords * kQuads + place;
  uint first_scale = (push.ahead[3] >> 3) + panel * push.n_blocks * kQuads + place;
  float sums[kRows][kEach];
  [[unroll]] for (uint r = 0; r < kRows; ++r)
    [[unroll]] for (uint e = 0; e < kEach; ++e) sums[r][e] = 0.0;

  for (uint unit = share; unit < n_units; unit += n_shares) {
    uint block = unit / units_per_block;
    uvec4 words[kWords];
    [[unroll]] for (uint i = 0; i < kWords; ++i) words[i] = values[first + (unit * kWords + i) * kQuads];
    uvec2 two_scales = scales[first_scale + block * kQuads];
    ivec4 w[kEach][4];
    [[unroll]] for (uint e = 0; e < kEach; ++e)
      [[unroll]] for (uint i = 0; i < 4; ++i) {
#ifdef INT8
        w[e][i] = unpack_int8(words[i][e]);
#else
        w[e][i] = unpack_int4(words[i / 2][e], i % 2);
#endif
      }
    [[unroll]] for (uint r = 0; r < kRows; ++r) {
      uint row = min(first_row + r, push.n_rows - 1);
      uvec4 q = x[(push.ahead[0] >> 4) + row * n_units + unit];
      float x_scale = x_scales[AT32(1, row * push.n_blocks + block)];
      [[unroll]] for (uint e = 0; e < kEach; ++e) {
        int whole = 0;
        [[unroll]] for (uint i = 0; i < 4; ++i) whole += dot_of(w[e][i], bytes_of(q[i]));
        float scale = bf16_value((two_scales[e / 2] >> (e % 2 * 16)) & 0xffffu);
        sums[r][e] = fma(float(whole), scale * x_scale, sums[r][e]);
      }
    }
  }
  WRITE_SUMS(sums, kEach, first_row, panel * kPanel + part * kLanes * kEach)
}
