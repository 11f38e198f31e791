#version 450
// variants: f32 bf16 f16
// out[i] = residual[i] + x[i] / (1 - p) where element i is kept, else residual[i].
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#define KEY_BINDING 3
#include "dropout.glsl"
#include "units.glsl"

layout(constant_id = 1) const uint kHasResidual = 0;

layout(binding = 0) readonly buffer X { T x[]; };
layout(binding = 0) readonly buffer XUnits { uvec4 x_units[]; };
layout(binding = 1) readonly buffer Residual { T residual[]; };
layout(binding = 1) readonly buffer ResidualUnits { uvec4 residual_units[]; };
layout(binding = 2) writeonly buffer Out { T result[]; };
layout(binding = 2) writeonly buffer OutUnits { uvec4 result_units[]; };

layout(push_constant) uniform Push {
  uint ahead[3];
  uint n;
  float keep_scale;
  uint is_dropping;
  uint threshold;
  uint first_low;   // index of element 0 in the whole tensor
  uint first_high;
} push;

// What is left of element i.
float drop(uint i, float value) {
  uint low = push.first_low + i;
  uint high = push.first_high + (low < i ? 1u : 0u);
  bool kept = push.is_dropping == 0 || is_kept_at(high, low, push.threshold);
  return kept ? value * push.keep_scale : 0.0;
}

void main() {
  uint n_units = IS_ALIGNED(push.ahead[0] | push.ahead[1] | push.ahead[2]) ? push.n / kUnit : 0;
  FOR_EACH(i, n_units) {
    float values[kUnit];
    float more[kUnit];
    unpack_unit(x_units[UNIT_AT(0, i)], values);
    FOR_UNIT(e) more[e] = 0.0;
    if (kHasResidual != 0) unpack_unit(residual_units[UNIT_AT(1, i)], more);
    FOR_UNIT(e) values[e] = drop(i * kUnit + e, values[e]) + more[e];
    result_units[UNIT_AT(2, i)] = pack_unit(values);
  }
  FOR_REST(i, n_units * kUnit, push.n) {
    float value = drop(i, LOAD(x[AT(0, i)]));
    if (kHasResidual != 0) value += LOAD(residual[AT(1, i)]);
    result[AT(2, i)] = STORE(value);
  }
}
