#version 450
// Attention of one row and head over a part of its sequence's cache, kPositions of it: a workgroup
// each, so that one sequence keeps a device busy. paged_combine.comp puts the parts together. What is
// added, and in which order, depends on the positions alone.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"
#include "paged.glsl"

layout(constant_id = 1) const uint kD = 64;
layout(constant_id = 2) const uint kLanes = 64;   // a power of two from kD on: an invocation a column
layout(constant_id = 3) const uint kIsWhole = 0;  // there is one part, and its result is the row's

const uint kPositions = 64;
const uint kInvocations = 128;
const uint kHalf = (kD + 1) / 2;

layout(binding = 0) readonly buffer Qkv { float qkv[]; };
layout(binding = 1) readonly buffer Positions { int positions[]; };
layout(binding = 2) readonly buffer Sequences { int sequences[]; };
layout(binding = 3) readonly buffer Tables { int tables[]; };
layout(binding = 4) readonly buffer Kv { float kv[]; };
layout(binding = 5) writeonly buffer Out { float result[]; };  // of rows, or parts: see paged.glsl

layout(push_constant) uniform Push {
  uint ahead[6];
  PAGED_PARAMETERS
} push;

shared float q_[kInvocations];
shared float weights_[kPositions];
shared float shares_[kInvocations];
shared uint heads_[kPositions / kBlock];

// The score of a position: two invocations have half the columns each.
float score_of(uint local, uint n) {
  uint position = local % kPositions;
  uint first_d = local / kPositions * kHalf;
  float share = 0.0;
  if (position < n) {
    uint head = AT32(4, heads_[position / kBlock]);
    [[unroll]] for (uint i = 0; i < kHalf; ++i) {
      uint d = first_d + i;
      // q_ is 0 behind the last column.
      share = fma(q_[d], kv[head + KEY_AT(position % kBlock, min(d, kD - 1))], share);
    }
  }
  shares_[local] = share;
  barrier();
  if (position >= n) return -kInfinity;
  float score = shares_[position] + shares_[position + kPositions];
  return push.soft_cap > 0.0 ? push.soft_cap * safe_tanh(score / push.soft_cap) : score;
}

// The weighted sum of the values: groups of kLanes invocations have positions of their own.
float sum_values(uint local, uint n) {
  const uint n_each = kPositions * kLanes / kInvocations;
  uint column = min(local % kLanes, kD - 1);
  uint first = local / kLanes * n_each;
  float share = 0.0;
  [[unroll]] for (uint i = 0; i < n_each; ++i) {
    uint s = first + i;
    // What stands behind the last position is never read; its weight is 0.
    uint place = min(s, n - 1);
    share = fma(weights_[s], kv[AT32(4, heads_[place / kBlock] + VALUE_AT(place % kBlock, column))], share);
  }
  shares_[local] = share;
  barrier();
  float sum = 0.0;
  for (uint at = local % kLanes; at < kInvocations; at += kLanes) sum += shares_[at];
  return sum;
}

void main() {
  uint local = gl_LocalInvocationID.x;
  uint row = gl_WorkGroupID.x;
  uint h = gl_WorkGroupID.y;
  uint C = push.H * kD;
  uint begin = gl_WorkGroupID.z * kPositions;
  uint last = uint(positions[AT32(1, row)]);
  if (begin > last) return;
  uint n = min(kPositions, last - begin + 1);
  q_[local] = local < kD ? qkv[AT32(0, row * 3 * C + h * kD + min(local, kD - 1))] * push.scale : 0.0;
  if (local * kBlock < n) {
    uint table = uint(sequences[AT32(2, row)]) * push.max_blocks;
    heads_[local] = HEAD_OF(uint(tables[AT32(3, table + begin / kBlock + local)]), h);
  }
  barrier();

  float score = score_of(local, n);
  float largest = workgroup_max(score);
  float weight = local < n ? exp(score - largest) : 0.0;
  float total = workgroup_sum(weight);
  if (local < kPositions) weights_[local] = weight;
  barrier();
  float sum = sum_values(local, n);
  if (kIsWhole != 0) {
    if (local < kD) result[AT32(5, row * C + h * kD + local)] = sum / total;
    return;
  }
  uint part = AT32(5, PART_AT(row, h, gl_WorkGroupID.z, gl_NumWorkGroups.z));
  if (local < kD) result[part + local] = sum;
  if (local == 0) {
    result[part + kD] = largest;
    result[part + kD + 1] = total;
  }
}
