#version 450
// out[i] = row indices[i] of a packed matrix: an invocation an element.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "packed.glsl"

layout(constant_id = 1) const uint kFormat = 0;

layout(binding = 0) readonly buffer Values32 { float values_f32[]; };
layout(binding = 0) readonly buffer Values16 { uint16_t values_bf16[]; };
layout(binding = 0) readonly buffer ValuesWords { uint values_words[]; };
layout(binding = 1) readonly buffer Scales { uint16_t scales[]; };
layout(binding = 2) readonly buffer Indices { int indices[]; };
layout(binding = 3) writeonly buffer Out { float result[]; };

layout(push_constant) uniform Push {
  uint ahead[4];
  uint n;
  uint K;
  uint block;
  uint n_blocks;
} push;

void main() {
  FOR_EACH(i, push.n) {
    uint row = uint(indices[AT32(2, i / push.K)]);
    uint k = i % push.K;
    uint panel = row / kPanel;
    uint lane = row % kPanel;
    uint at = (panel * push.K + k) * kPanel + lane;
    float value;
    if (kFormat == FORMAT_F32) {
      value = values_f32[AT32(0, at)];
    } else if (kFormat == FORMAT_BF16) {
      value = bf16_value(uint(values_bf16[(push.ahead[0] >> 1) + at]));
    } else {
      uint row_words = push.n_blocks * push.block / 4;
      uint k4 = k / 4;
      ivec4 q;
      if (kFormat == FORMAT_INT8) {
        q = unpack_int8(values_words[AT32(0, (panel * row_words + k4) * kPanel + lane)]);
      } else {
        q = unpack_int4(values_words[AT32(0, (panel * (row_words / 2) + k4 / 2) * kPanel + lane)], k4 % 2);
      }
      float scale = bf16_value(uint(scales[(push.ahead[1] >> 1) + (panel * push.n_blocks + k / push.block) * kPanel + lane]));
      value = scale * float(q[k % 4]);
    }
    result[AT32(3, i)] = value;
  }
}
