#version 450
// variants: f32 bf16 f16
// The first columns of a matrix whose rows are `stride` long: out = x or, kIsAccumulating, out += x.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(constant_id = 1) const uint kIsAccumulating = 0;

layout(binding = 0) readonly buffer X { T x[]; };
layout(binding = 1) buffer Out { T result[]; };

layout(push_constant) uniform Push {
  uint ahead[2];
  uint n;  // of out
  uint columns;
  uint stride;
} push;

void main() {
  FOR_EACH(i, push.n) {
    float value = LOAD(x[AT(0, i / push.columns * push.stride + i % push.columns)]);
    if (kIsAccumulating != 0) value += LOAD(result[AT(1, i)]);
    result[AT(1, i)] = STORE(value);
  }
}
