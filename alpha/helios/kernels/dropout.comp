#version 450
// variants: f32 bf16 f16
// out[i] = residual[i] + x[i] / (1 - p) where element i is kept, else residual[i].
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "dropout.glsl"

layout(constant_id = 1) const uint kHasResidual = 0;

layout(binding = 0) readonly buffer X { T x[]; };
layout(binding = 1) readonly buffer Residual { T residual[]; };
layout(binding = 2) writeonly buffer Out { T result[]; };

layout(push_constant) uniform Push {
  uint ahead[3];
  uint n;
  float keep_scale;
  uint is_dropping;
  uint seed;
  uint counter;
  uint threshold;
  uint first_low;   // index of element 0 in the whole tensor
  uint first_high;
} push;

void main() {
  FOR_EACH(i, push.n) {
    uint low = push.first_low + i;
    uint high = push.first_high + (low < i ? 1u : 0u);
    bool kept = push.is_dropping == 0 || is_kept(push.seed, push.counter, high, low, push.threshold);
    float value = kept ? LOAD(x[AT(0, i)]) * push.keep_scale : 0.0;
    if (kHasResidual != 0) value += LOAD(residual[AT(1, i)]);
    result[AT(2, i)] = STORE(value);
  }
}
