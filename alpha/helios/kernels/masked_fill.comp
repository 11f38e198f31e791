#version 450
// variants: f32 bf16 f16
// out[i] = value where the mask, walked by strides, is not 0, else x[i].
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "strided.glsl"

layout(binding = 0) readonly buffer X { T x[]; };
layout(binding = 1) readonly buffer Mask { T mask[]; };
layout(binding = 2) writeonly buffer Out { T result[]; };

layout(push_constant) uniform Push {
  uint ahead[3];
  uint n;
  float value;
  uint rank;
  uint sizes[kMaxRank];
  uint mask_strides[kMaxRank];
} push;

void main() {
  FOR_EACH(i, push.n) {
    uint at;
    WALK(i, at, push.mask_strides)
    bool is_masked = LOAD(mask[AT(1, at)]) != 0.0;
    if (is_masked) {
      result[AT(2, i)] = STORE(push.value);
    } else {
      result[AT(2, i)] = x[AT(0, i)];
    }
  }
}
