#version 450
// variants: f32 bf16 f16
// dx[i] = dy[i] f'(x[i]).
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "activations.glsl"
#include "units.glsl"

layout(constant_id = 1) const uint kFunction = 0;

layout(binding = 0) readonly buffer X { T x[]; };
layout(binding = 0) readonly buffer XUnits { uvec4 x_units[]; };
layout(binding = 1) readonly buffer Dy { T dy[]; };
layout(binding = 1) readonly buffer DyUnits { uvec4 dy_units[]; };
layout(binding = 2) writeonly buffer Dx { T dx[]; };
layout(binding = 2) writeonly buffer DxUnits { uvec4 dx_units[]; };

layout(push_constant) uniform Push {
  uint ahead[3];
  uint n;
  float a;
  float b;
} push;

float derivative(float v) {
  switch (kFunction) {
    case 0: return push.a < v && v < push.b ? 1.0 : 0.0;
    case 1: return relu_derivative(v);
    case 2: return gelu_derivative(v);
    case 3: return silu_derivative(v);
    default: {
      float t = safe_tanh(v / push.a);
      return 1.0 - t * t;
    }
  }
}

void main() {
  uint n_units = IS_ALIGNED(push.ahead[0] | push.ahead[1] | push.ahead[2]) ? push.n / kUnit : 0;
  FOR_EACH(i, n_units) {
    float values[kUnit];
    float d[kUnit];
    unpack_unit(x_units[UNIT_AT(0, i)], values);
    unpack_unit(dy_units[UNIT_AT(1, i)], d);
    FOR_UNIT(e) values[e] = d[e] * derivative(values[e]);
    dx_units[UNIT_AT(2, i)] = pack_unit(values);
  }
  FOR_REST(i, n_units * kUnit, push.n) dx[AT(2, i)] = STORE(LOAD(dy[AT(1, i)]) * derivative(LOAD(x[AT(0, i)])));
}
