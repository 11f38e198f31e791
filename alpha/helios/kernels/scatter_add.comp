#version 450
// variants: f32 bf16 f16
// into[o, indices[o, j, i], i] += x[o, j, i]: an invocation has a line along the axis, so that sums
// are in the order of x.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "strided.glsl"

layout(binding = 0) readonly buffer X { T x[]; };
layout(binding = 1) readonly buffer Indices { int indices[]; };
layout(binding = 2) buffer Into { T into[]; };

layout(push_constant) uniform Push {
  uint ahead[3];
  uint n;            // lines
  uint rank;
  uint axis_size;    // of x
  uint x_axis_stride;
  uint into_axis_stride;
  uint sizes[kMaxRank];  // 1 along the axis
  uint x_strides[kMaxRank];
  uint into_strides[kMaxRank];
} push;

void main() {
  FOR_EACH(line, push.n) {
    uint from, to;
    WALK(line, from, push.x_strides)
    WALK(line, to, push.into_strides)
    for (uint j = 0; j < push.axis_size; ++j) {
      uint at = from + j * push.x_axis_stride;
      uint target = AT(2, to + uint(indices[AT32(1, at)]) * push.into_axis_stride);
      into[target] = STORE(LOAD(into[target]) + LOAD(x[AT(0, at)]));
    }
  }
}
