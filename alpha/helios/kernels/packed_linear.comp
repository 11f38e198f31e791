#version 450
// out = activation(x · weightᵀ + bias) + residual, weights packed. A workgroup has a panel of 16
// outputs and up to kRows rows; an invocation an output of it and a share of the inputs.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "activations.glsl"
#include "packed.glsl"

layout(constant_id = 1) const uint kFormat = 0;
layout(constant_id = 2) const uint kHasBias = 0;
layout(constant_id = 3) const uint kHasResidual = 0;
layout(constant_id = 4) const uint kActivation = 0;  // 0 none, 1 gelu, 2 relu, 3 silu

const uint kRows = 8;
const uint kShares = 8;  // of the inputs: a workgroup has 16 · 8 invocations

layout(binding = 0) readonly buffer X { float x[]; };        // f32, bf16 weights
layout(binding = 0) readonly buffer XWords { uint x_words[]; };  // integers: from round_rows
layout(binding = 1) readonly buffer XScales { float x_scales[]; };
layout(binding = 2) readonly buffer Values32 { float values_f32[]; };
layout(binding = 2) readonly buffer Values16 { uint16_t values_bf16[]; };
layout(binding = 2) readonly buffer ValuesWords { uint values_words[]; };
layout(binding = 3) readonly buffer Scales { uint16_t scales[]; };
layout(binding = 4) readonly buffer Bias { float bias[]; };
layout(binding = 5) readonly buffer Residual { float residual[]; };
layout(binding = 6) writeonly buffer Out { float result[]; };

layout(push_constant) uniform Push {
  uint ahead[7];
  uint n_rows;
  uint N;
  uint K;
  uint block;
  uint n_blocks;
} push;

shared float parts[kShares][kRows][kPanel];

float activate(float v) {
  switch (kActivation) {
    case 1: return gelu(v);
    case 2: return relu(v);
    case 3: return silu(v);
    default: return v;
  }
}

void main() {
  uint lane = gl_LocalInvocationID.x % kPanel;
  uint share = gl_LocalInvocationID.x / kPanel;
  uint panel = gl_WorkGroupID.x;
  uint first_row = gl_WorkGroupID.y * kRows;
  uint n_rows = min(kRows, push.n_rows - first_row);
  float sums[kRows];
  [[unroll]] for (uint r = 0; r < kRows; ++r) sums[r] = 0.0;

  if (kFormat <= FORMAT_BF16) {
    for (uint k = share; k < push.K; k += kShares) {
      uint at = (panel * push.K + k) * kPanel + lane;
      float w = kFormat == FORMAT_F32 ? values_f32[AT32(2, at)] : bf16_value(uint(values_bf16[(push.ahead[2] >> 1) + at]));
      for (uint r = 0; r < n_rows; ++r) sums[r] += w * x[AT32(0, (first_row + r) * push.K + k)];
    }
  } else {
    uint words_per_block = push.block / 4;
    uint row_words = push.n_blocks * words_per_block;
    for (uint b = share; b < push.n_blocks; b += kShares) {
      int dots[kRows];
      [[unroll]] for (uint r = 0; r < kRows; ++r) dots[r] = 0;
      for (uint i = 0; i < words_per_block; ++i) {
        uint k4 = b * words_per_block + i;  // counts inputs in fours
        ivec4 w;
        if (kFormat == FORMAT_INT8) {
          w = unpack_int8(values_words[AT32(2, (panel * row_words + k4) * kPanel + lane)]);
        } else {
          w = unpack_int4(values_words[AT32(2, (panel * (row_words / 2) + k4 / 2) * kPanel + lane)], k4 % 2);
        }
        for (uint r = 0; r < n_rows; ++r) {
          uint word = x_words[AT32(0, (first_row + r) * row_words + k4)];
          ivec4 q = ivec4(int(word << 24) >> 24, int(word << 16) >> 24, int(word << 8) >> 24, int(word) >> 24);
          dots[r] += w.x * q.x + w.y * q.y + w.z * q.z + w.w * q.w;
        }
      }
      float scale = bf16_value(uint(scales[(push.ahead[3] >> 1) + (panel * push.n_blocks + b) * kPanel + lane]));
      for (uint r = 0; r < n_rows; ++r) {
        sums[r] += float(dots[r]) * (scale * x_scales[AT32(1, (first_row + r) * push.n_blocks + b)]);
      }
    }
  }

  [[unroll]] for (uint r = 0; r < kRows; ++r) parts[share][r][lane] = sums[r];
  barrier();
  // The shares in their order, a row each.
  uint n = panel * kPanel + lane;
  for (uint r = share; r < n_rows; r += kShares) {
    if (n >= push.N) continue;
    float sum = 0.0;
    for (uint i = 0; i < kShares; ++i) sum += parts[i][r][lane];
    uint at = (first_row + r) * push.N + n;
    if (kHasBias != 0) sum += bias[AT32(4, n)];
    sum = activate(sum);
    if (kHasResidual != 0) sum += residual[AT32(5, at)];
    result[AT32(6, at)] = sum;
  }
}
