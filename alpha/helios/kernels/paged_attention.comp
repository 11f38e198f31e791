#version 450
// Attention of one row and head over a part of its sequence's cache, kPositions of it: a workgroup
// each, so that one sequence keeps a device busy. paged_combine.comp puts the parts together. What is
// added, and in which order, depends on the positions alone.
//
// Keys and values of the step's own rows go into the cache on the way, laid out as
// tensor/ops/paged_attention.h says. Nobody waits for that: they are read where they come from. Rows
// of a sequence stand together, so these are its last positions.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"
#include "paged.glsl"

layout(constant_id = 1) const uint kD = 64;
layout(constant_id = 2) const uint kLanes = 64;   // a power of two from kD on: an invocation a column
layout(constant_id = 3) const uint kIsWhole = 0;  // there is one part, and its result is the row's

const uint kInvocations = 128;
const uint kHalf = (kD + 1) / 2;

layout(binding = 0) readonly buffer Qkv { float qkv[]; };
layout(binding = 1) readonly buffer Positions { int positions[]; };
layout(binding = 2) readonly buffer Sequences { int sequences[]; };
layout(binding = 3) readonly buffer Tables { int tables[]; };
layout(binding = 4) buffer Kv { float kv[]; };
layout(binding = 5) writeonly buffer Out { float result[]; };  // of rows, or parts: see paged.glsl

layout(push_constant) uniform Push {
  uint ahead[6];
  PAGED_PARAMETERS
} push;

shared float q_[kInvocations];
shared float weights_[kPositions];
shared float shares_[kInvocations];
shared uint heads_[kPositions / kBlock];

// The element of qkv that the row of the step has for column 0 of head h: of its query, key or value
// (which: 0, 1, 2).
#define ROW_AT(row, which, h) AT32(0, ((row) * 3 + (which)) * push.H * kD + (h) * kD)

// The score of a position, whose row stands in the step if `is_new`: two invocations have half the
// columns each.
float score_of(uint local, uint n, uint row, uint h, bool is_new) {
  uint position = local % kPositions;
  uint first_d = local / kPositions * kHalf;
  float share = 0.0;
  // q_ is 0 behind the last column.
  if (position < n && is_new) {
    uint key = ROW_AT(row, 1, h);
    [[unroll]] for (uint i = 0; i < kHalf; ++i) share = fma(q_[first_d + i], qkv[key + min(first_d + i, kD - 1)], share);
  } else if (position < n) {
    uint head = AT32(4, heads_[position / kBlock]);
    [[unroll]] for (uint i = 0; i < kHalf; ++i) {
      share = fma(q_[first_d + i], kv[head + KEY_AT(position % kBlock, min(first_d + i, kD - 1))], share);
    }
  }
  shares_[local] = share;
  barrier();
  if (position >= n) return -kInfinity;
  float score = shares_[position] + shares_[position + kPositions];
  return push.soft_cap > 0.0 ? push.soft_cap * safe_tanh(score / push.soft_cap) : score;
}

// The weighted sum of the values: groups of kLanes invocations have positions of their own. The first
// n_old positions are in the cache, the first of the others is row first_row of the step.
float sum_values(uint local, uint n, uint n_old, uint first_row, uint h) {
  const uint n_each = kPositions * kLanes / kInvocations;
  uint column = min(local % kLanes, kD - 1);
  uint first = local / kLanes * n_each;
  float share = 0.0;
  if (n_old > 0) {
    [[unroll]] for (uint i = 0; i < n_each; ++i) {
      uint s = first + i;
      // What stands behind the last position is never read.
      uint place = min(s, n_old - 1);
      float weight = s < n_old ? weights_[s] : 0.0;
      share = fma(weight, kv[AT32(4, heads_[place / kBlock] + VALUE_AT(place % kBlock, column))], share);
    }
  }
  for (uint s = max(first, n_old); s < min(first + n_each, n); ++s) {
    share = fma(weights_[s], qkv[ROW_AT(first_row + s - n_old, 2, h) + column], share);
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
  uint begin = gl_WorkGroupID.z * kPositions;
  uint last = uint(positions[AT32(1, row)]);
  if (begin > last) return;
  uint n = min(kPositions, last - begin + 1);
  q_[local] = local < kD ? qkv[ROW_AT(row, 0, h) + min(local, kD - 1)] * push.scale : 0.0;
  int sequence = sequences[AT32(2, row)];
  if (local * kBlock < n) {
    uint table = uint(sequence) * push.max_blocks;
    heads_[local] = HEAD_OF(uint(tables[AT32(3, table + begin / kBlock + local)]), h);
  }
  barrier();

  // The row that a position would be, if it were one of the step.
  uint steps_back = last - min(begin + local % kPositions, last);
  bool is_new = steps_back <= row && sequences[AT32(2, row - min(steps_back, row))] == sequence;
  uint n_old = uint(workgroup_sum(local < n && !is_new ? 1.0 : 0.0));
  float score = score_of(local, n, row - min(steps_back, row), h, is_new);
  float largest = workgroup_max(score);
  float weight = local < n ? exp(score - largest) : 0.0;
  float total = workgroup_sum(weight);
  if (local < kPositions) weights_[local] = weight;
  barrier();
  float sum = sum_values(local, n, n_old, row - (last - min(begin + n_old, last)), h);
  if (begin + n > last && local < kD) {
    uint head = AT32(4, heads_[(n - 1) / kBlock]);
    kv[head + KEY_AT((n - 1) % kBlock, local)] = qkv[ROW_AT(row, 1, h) + local];
    kv[head + VALUE_AT((n - 1) % kBlock, local)] = qkv[ROW_AT(row, 2, h) + local];
  }
  if (kIsWhole != 0) {
    if (local < kD) result[AT32(5, (row * push.H + h) * kD + local)] = sum / total;
    return;
  }
  uint part = AT32(5, PART_AT(row, h, gl_WorkGroupID.z, gl_NumWorkGroups.z));
  if (local < kD) result[part + local] = sum;
  if (local == 0) {
    result[part + kD] = largest;
    result[part + kD + 1] = total;
  }
}
