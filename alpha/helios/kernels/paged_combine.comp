#version 450
// The parts of a row and head of paged attention, put together in their order: a workgroup each, an
// invocation a column.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "paged.glsl"

layout(constant_id = 1) const uint kD = 64;


layout(binding = 0) readonly buffer Parts { float parts[]; };
layout(binding = 1) readonly buffer Positions { int positions[]; };
layout(binding = 2) writeonly buffer Out { float result[]; };

layout(push_constant) uniform Push {
  uint ahead[3];
  uint H;
  uint n_parts;
} push;

void main() {
  uint d = gl_LocalInvocationID.x;
  if (d >= kD) return;
  uint row = gl_WorkGroupID.x;
  uint h = gl_WorkGroupID.y;
  uint n = uint(positions[AT32(1, row)]) / kPositions + 1;
  uint first = AT32(0, PART_AT(row, h, 0, push.n_parts));
  const uint size = kD + 2;
  float largest = -kInfinity;
  for (uint i = 0; i < n; ++i) largest = max(largest, parts[first + i * size + kD]);
  float sum = 0.0;
  float total = 0.0;
  for (uint i = 0; i < n; ++i) {
    float factor = exp(parts[first + i * size + kD] - largest);
    sum = fma(factor, parts[first + i * size + d], sum);
    total = fma(factor, parts[first + i * size + kD + 1], total);
  }
  result[AT32(2, (row * push.H + h) * kD + d)] = sum / total;
}
