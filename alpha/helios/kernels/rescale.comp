#version 450
// variants: f32 bf16 f16
// x *= wanted / present; returns at once where they are the same.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "units.glsl"

layout(binding = 0) buffer X { T x[]; };
layout(binding = 0) buffer XUnits { uvec4 x_units[]; };
layout(binding = 1) readonly buffer Wanted { float wanted[]; };

layout(push_constant) uniform Push {
  uint ahead[2];
  uint n;
  float present;
} push;

void main() {
  float now = wanted[AT32(1, 0)];
  if (now == push.present) return;
  float factor = now / push.present;
  uint n_units = IS_ALIGNED(push.ahead[0]) ? push.n / kUnit : 0;
  FOR_EACH(i, n_units) {
    float values[kUnit];
    unpack_unit(x_units[UNIT_AT(0, i)], values);
    FOR_UNIT(e) values[e] *= factor;
    x_units[UNIT_AT(0, i)] = pack_unit(values);
  }
  FOR_REST(i, n_units * kUnit, push.n) x[AT(0, i)] = STORE(LOAD(x[AT(0, i)]) * factor);
}
