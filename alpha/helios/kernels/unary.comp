#version 450
// variants: f32 bf16 f16
// out[i] = f(x[i]); f is chosen by a specialization constant (kernels/unary.cpp).
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "activations.glsl"
#include "units.glsl"

layout(constant_id = 1) const uint kFunction = 0;

layout(binding = 0) readonly buffer X { T x[]; };
layout(binding = 0) readonly buffer XUnits { uvec4 x_units[]; };
layout(binding = 1) writeonly buffer Out { T result[]; };
layout(binding = 1) writeonly buffer OutUnits { uvec4 result_units[]; };

layout(push_constant) uniform Push {
  uint ahead[2];
  uint n;
  float a;
  float b;
} push;

bool is_odd(float x) {
  return fract(x * 0.5) == 0.5;
}

// For any x, as C's pow: GLSL's knows positive ones only.
float power(float x, float exponent) {
  if (exponent == 0.0) return 1.0;
  float size = abs(x);
  float value = size == 0.0 ? (exponent > 0.0 ? 0.0 : kInfinity) : pow(size, exponent);
  if (x >= 0.0 || isnan(x)) return isnan(x) ? x : value;
  if (fract(exponent) != 0.0) return size == 0.0 ? value : kNaN;
  return is_odd(exponent) ? -value : value;
}

float apply(float v) {
  switch (kFunction) {
    case 0: return -v;
    case 1: return exp(v);
    case 2: return log(v);
    case 3: return sqrt(v);
    case 4: return power(v, push.a);
    case 5: return push.a * v;
    case 6: return isnan(v) ? v : min(max(v, push.a), push.b);
    case 7: return relu(v);
    case 8: return gelu(v);
    case 9: return silu(v);
    default: return push.a * safe_tanh(v / push.a);
  }
}

void main() {
  uint n_units = IS_ALIGNED(push.ahead[0] | push.ahead[1]) ? push.n / kUnit : 0;
  FOR_EACH(i, n_units) {
    float values[kUnit];
    unpack_unit(x_units[UNIT_AT(0, i)], values);
    FOR_UNIT(e) values[e] = apply(values[e]);
    result_units[UNIT_AT(1, i)] = pack_unit(values);
  }
  FOR_REST(i, n_units * kUnit, push.n) result[AT(1, i)] = STORE(apply(LOAD(x[AT(0, i)])));
}
