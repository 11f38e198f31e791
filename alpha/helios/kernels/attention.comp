#version 450
// variants: f32 bf16 f16
// Causal attention of kRows queries of a head: a workgroup walks over blocks of keys and keeps, for
// each query, the largest score, the sum of weights and the weighted values so far. An invocation is
// (query, lane): the lanes of a query share its keys for the scores and its columns for the values.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(constant_id = 1) const uint kMostD = 64;  // at least D

const uint kRows = 16;   // queries
const uint kKeys = 16;   // of a block
const uint kLanes = 16;  // of a query
const uint kColumns = (kMostD + kLanes - 1) / kLanes;  // of a lane

layout(binding = 0) readonly buffer Qkv { T qkv[]; };
layout(binding = 1) writeonly buffer Out { T result[]; };
layout(binding = 2) writeonly buffer Lse { float lses[]; };

layout(push_constant) uniform Push {
  uint ahead[3];
  uint T_;
  uint H;
  uint D;
  uint first_batch;
  float scale;
  float soft_cap;
  float keep_scale;
  uint is_dropping;
  uint threshold;
} push;

#define KEY_BINDING 3
#include "attention.glsl"

shared float q_block[kRows][kMostD + 1];
shared float k_block[kKeys][kMostD + 1];
shared float v_block[kKeys][kMostD + 1];
shared float weights[kRows][kKeys + 1];

void main() {
  uint local = gl_LocalInvocationID.x;
  uint row = local / kLanes;
  uint lane = local % kLanes;
  uint first = gl_WorkGroupID.x * kRows;
  uint h = gl_WorkGroupID.y;
  uint b = gl_WorkGroupID.z;
  uint t = first + row;

  for (uint i = local; i < kRows * push.D; i += kRows * kLanes) {
    uint r = i / push.D;
    uint d = i % push.D;
    q_block[r][d] = first + r < push.T_ ? LOAD(qkv[AT(0, QKV(b, first + r, 0, h) + d)]) * push.scale : 0.0;
  }
  float sums[kColumns];
  [[unroll]] for (uint i = 0; i < kColumns; ++i) sums[i] = 0.0;
  float largest = -kInfinity;
  float total = 0.0;

  uint end = min(first + kRows, push.T_);
  for (uint s0 = 0; s0 < end; s0 += kKeys) {
    barrier();
    for (uint i = local; i < kKeys * push.D; i += kRows * kLanes) {
      uint s = i / push.D;
      uint d = i % push.D;
      bool is_there = s0 + s < push.T_;
      k_block[s][d] = is_there ? LOAD(qkv[AT(0, QKV(b, s0 + s, 1, h) + d)]) : 0.0;
      v_block[s][d] = is_there ? LOAD(qkv[AT(0, QKV(b, s0 + s, 2, h) + d)]) : 0.0;
    }
    barrier();
    float score = 0.0;
    for (uint d = 0; d < push.D; ++d) score += q_block[row][d] * k_block[lane][d];
    weights[row][lane] = s0 + lane <= t ? capped(score) : -kInfinity;
    barrier();
    float block_largest = largest;
    [[unroll]] for (uint s = 0; s < kKeys; ++s) block_largest = max(block_largest, weights[row][s]);
    // A query behind all keys of a block that are there has seen key 0 before.
    float shrink = largest == -kInfinity ? 0.0 : exp(largest - block_largest);
    total *= shrink;
    [[unroll]] for (uint i = 0; i < kColumns; ++i) sums[i] *= shrink;
    largest = block_largest;
    [[unroll]] for (uint s = 0; s < kKeys; ++s) {
      // What a query does not see is not read: it may be anything.
      bool is_seen = s0 + s <= t && t < push.T_;
      float weight = is_seen ? exp(weights[row][s] - largest) : 0.0;
      total += weight;
      if (push.is_dropping != 0) weight *= kept(b, h, t, s0 + s);
      [[unroll]] for (uint i = 0; i < kColumns; ++i) sums[i] += is_seen ? weight * v_block[s][min(lane + i * kLanes, push.D - 1)] : 0.0;
    }
  }
  if (t >= push.T_) return;
  [[unroll]] for (uint i = 0; i < kColumns; ++i) {
    uint d = lane + i * kLanes;
    if (d < push.D) result[AT(1, ROW(b, t, h) + d)] = STORE(sums[i] / total);
  }
  if (lane == 0) lses[AT32(2, LSE(b, h, t))] = largest + log(total);
}
