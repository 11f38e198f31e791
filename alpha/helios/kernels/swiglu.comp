#version 450
// variants: f32 bf16 f16
// out[i] = silu(gate[i]) up[i].
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "activations.glsl"

layout(binding = 0) readonly buffer Gate { T gate[]; };
layout(binding = 1) readonly buffer Up { T up[]; };
layout(binding = 2) writeonly buffer Out { T result[]; };

layout(push_constant) uniform Push {
  uint ahead[3];
  uint n;
} push;

void main() {
  FOR_EACH(i, push.n) result[AT(2, i)] = STORE(silu(LOAD(gate[AT(0, i)])) * LOAD(up[AT(1, i)]));
}
