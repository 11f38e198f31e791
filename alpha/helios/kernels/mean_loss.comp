#version 450
// The mean of losses over the rows that count; and how many there are, as a float, for the gradient.
// One workgroup.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"

layout(constant_id = 1) const uint kIsCount = 0;  // the number alone

layout(binding = 0) readonly buffer Losses { float losses[]; };
layout(binding = 1) readonly buffer Targets { int targets[]; };
layout(binding = 2) writeonly buffer Out { float result[]; };

layout(push_constant) uniform Push {
  uint ahead[3];
  uint n_rows;
  int ignored;
} push;

void main() {
  float sum = 0.0;
  uint n_counted = 0;
  FOR_EACH_COLUMN(row, push.n_rows) {
    n_counted += targets[AT32(1, row)] == push.ignored ? 0u : 1u;
    if (kIsCount == 0) sum += losses[AT32(0, row)];
  }
  if (kIsCount == 0) sum = workgroup_sum(sum);
  float count = workgroup_sum(float(n_counted));
  if (gl_LocalInvocationID.x != 0) return;
  result[AT32(2, 0)] = kIsCount != 0 ? count : (count == 0.0 ? 0.0 : sum / count);
}
