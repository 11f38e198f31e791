#version 450
// variants: f32 bf16 f16
// dgate = dy up silu'(gate), dup = dy silu(gate).
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "activations.glsl"

layout(binding = 0) readonly buffer Gate { T gate[]; };
layout(binding = 1) readonly buffer Up { T up[]; };
layout(binding = 2) readonly buffer Dy { T dy[]; };
layout(binding = 3) writeonly buffer Dgate { T dgate[]; };
layout(binding = 4) writeonly buffer Dup { T dup[]; };

layout(push_constant) uniform Push {
  uint ahead[5];
  uint n;
} push;

void main() {
  FOR_EACH(i, push.n) {
    float g = LOAD(gate[AT(0, i)]);
    float u = LOAD(up[AT(1, i)]);
    float d = LOAD(dy[AT(2, i)]);
    dgate[AT(3, i)] = STORE(d * u * silu_derivative(g));
    dup[AT(4, i)] = STORE(d * silu(g));
  }
}
