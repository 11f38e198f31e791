#version 450
// variants: f32 bf16 f16
// dq of kRows queries of a head; the layout of the work is that of attention.comp. With w the softmax
// weights and dw = drop(dout · v): dscore = w (dw - delta), through the cap; dq = Σ dscore k / √D.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(constant_id = 1) const uint kMostD = 64;

const uint kRows = 16;
const uint kKeys = kMostD > 64 ? 8 : 16;  // of a block: four of them fit shared memory of 32 KiB
const uint kLanes = 16;
const uint kColumns = (kMostD + kLanes - 1) / kLanes;

layout(binding = 0) readonly buffer Qkv { T qkv[]; };
layout(binding = 1) readonly buffer Lse { float lses[]; };
layout(binding = 2) readonly buffer Delta { float deltas[]; };
layout(binding = 3) readonly buffer Dout { T dout[]; };
layout(binding = 4) writeonly buffer Dqkv { T dqkv[]; };

layout(push_constant) uniform Push {
  uint ahead[5];
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

#define KEY_BINDING 5
#include "attention.glsl"

shared float q_block[kRows][kMostD + 1];
shared float dout_block[kRows][kMostD + 1];
shared float k_block[kKeys][kMostD + 1];
shared float v_block[kKeys][kMostD + 1];
shared float dscores[kRows][kKeys + 1];

void main() {
  uint local = gl_LocalInvocationID.x;
  uint row = local / kLanes;
  uint lane = local % kLanes;
  uint first = gl_WorkGroupID.x * kRows;
  uint h = gl_WorkGroupID.y;
  uint b = gl_WorkGroupID.z;
  uint t = first + row;
  bool is_row = t < push.T_;

  for (uint i = local; i < kRows * push.D; i += kRows * kLanes) {
    uint r = i / push.D;
    uint d = i % push.D;
    bool is_there = first + r < push.T_;
    q_block[r][d] = is_there ? LOAD(qkv[AT(0, QKV(b, first + r, 0, h) + d)]) : 0.0;
    dout_block[r][d] = is_there ? LOAD(dout[AT(3, ROW(b, first + r, h) + d)]) : 0.0;
  }
  float lse = is_row ? lses[AT32(1, LSE(b, h, t))] : 0.0;
  float delta = is_row ? deltas[AT32(2, LSE(b, h, t))] : 0.0;
  float sums[kColumns];
  [[unroll]] for (uint i = 0; i < kColumns; ++i) sums[i] = 0.0;

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
    uint s = s0 + lane;
    float dscore = 0.0;
    if (lane < kKeys && s <= t && is_row) {
      float score = 0.0;
      float dw = 0.0;
      for (uint d = 0; d < push.D; ++d) {
        score += q_block[row][d] * k_block[lane][d];
        dw += dout_block[row][d] * v_block[lane][d];
      }
      float result = capped(score * push.scale);
      dscore = exp(result - lse) * (dw * kept(b, h, t, s) - delta) * cap_derivative(result) * push.scale;
    }
    if (lane < kKeys) dscores[row][lane] = dscore;
    barrier();
    [[unroll]] for (uint k = 0; k < kKeys; ++k) {
      float weight = dscores[row][k];
      bool is_seen = s0 + k <= t;  // the others may be anything
      [[unroll]] for (uint i = 0; i < kColumns; ++i) sums[i] += is_seen ? weight * k_block[k][min(lane + i * kLanes, push.D - 1)] : 0.0;
    }
  }
  if (!is_row) return;
  [[unroll]] for (uint i = 0; i < kColumns; ++i) {
    uint d = lane + i * kLanes;
    if (d < push.D) dqkv[AT(4, QKV(b, t, 0, h) + d)] = STORE(sums[i]);
  }
}
