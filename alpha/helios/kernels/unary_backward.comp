#version 450
// variants: f32 bf16 f16
// dx[i] = dy[i] f'(x[i]).
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "activations.glsl"

layout(constant_id = 1) const uint kFunction = 0;

layout(binding = 0) readonly buffer X { T x[]; };
layout(binding = 1) readonly buffer Dy { T dy[]; };
layout(binding = 2) writeonly buffer Dx { T dx[]; };

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
  FOR_EACH(i, push.n) dx[AT(2, i)] = STORE(LOAD(dy[AT(1, i)]) * derivative(LOAD(x[AT(0, i)])));
}
