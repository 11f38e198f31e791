#version 450
// Attention of one row and head over its sequence's cache: a workgroup walks over 64 positions at a
// time, an invocation has a position for the scores and columns for the values. What is added, and in
// which order, depends on the positions alone.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"
#include "paged.glsl"

layout(constant_id = 1) const uint kMostD = 128;

const uint kPositions = 64;  // the size of the workgroup
const uint kColumns = (kMostD + kPositions - 1) / kPositions;

layout(binding = 0) readonly buffer Qkv { float qkv[]; };
layout(binding = 1) readonly buffer Positions { int positions[]; };
layout(binding = 2) readonly buffer Sequences { int sequences[]; };
layout(binding = 3) readonly buffer Tables { int tables[]; };
layout(binding = 4) readonly buffer Kv { float kv[]; };
layout(binding = 5) writeonly buffer Out { float result[]; };

layout(push_constant) uniform Push {
  uint ahead[6];
  PAGED_PARAMETERS
} push;

shared float q[kMostD];
shared float weights[kPositions];
shared uint heads[kPositions / kBlock];

void main() {
  uint local = gl_LocalInvocationID.x;
  uint row = gl_WorkGroupID.x;
  uint h = gl_WorkGroupID.y;
  uint C = push.H * push.D;
  for (uint d = local; d < push.D; d += kPositions) q[d] = qkv[AT32(0, row * 3 * C + h * push.D + d)] * push.scale;
  uint last = uint(positions[AT32(1, row)]);
  uint table = uint(sequences[AT32(2, row)]) * push.max_blocks;
  float sums[kColumns];
  [[unroll]] for (uint i = 0; i < kColumns; ++i) sums[i] = 0.0;
  float largest = -kInfinity;
  float total = 0.0;

  for (uint begin = 0; begin <= last; begin += kPositions) {
    barrier();
    if (local < kPositions / kBlock && begin + local * kBlock <= last) {
      heads[local] = HEAD_OF(uint(tables[AT32(3, table + begin / kBlock + local)]), h);
    }
    barrier();
    uint position = begin + local;
    float score = -kInfinity;
    if (position <= last) {
      score = 0.0;
      uint head = heads[local / kBlock];
      for (uint d = 0; d < push.D; ++d) score += q[d] * kv[AT32(4, head + KEY_AT(local % kBlock, d))];
      if (push.soft_cap > 0.0) score = push.soft_cap * safe_tanh(score / push.soft_cap);
    }
    float new_largest = max(largest, workgroup_max(score));
    float shrink = largest == -kInfinity ? 0.0 : exp(largest - new_largest);
    largest = new_largest;
    weights[local] = position <= last ? exp(score - largest) : 0.0;
    barrier();
    uint n = min(kPositions, last - begin + 1);
    total *= shrink;
    [[unroll]] for (uint i = 0; i < kColumns; ++i) sums[i] *= shrink;
    for (uint s = 0; s < n; ++s) {
      float weight = weights[s];
      total += weight;
      uint head = heads[s / kBlock];
      [[unroll]] for (uint i = 0; i < kColumns; ++i) {
        uint d = min(local + i * kPositions, push.D - 1);
        sums[i] += weight * kv[AT32(4, head + VALUE_AT(s % kBlock, d))];
      }
    }
  }
  [[unroll]] for (uint i = 0; i < kColumns; ++i) {
    uint d = local + i * kPositions;
    if (d < push.D) result[AT32(5, row * C + h * push.D + d)] = sums[i] / total;
  }
}
