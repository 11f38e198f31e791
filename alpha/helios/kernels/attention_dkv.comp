#version 450
// variants: f32 bf16 f16
// dk and dv of kKeys keys of a head: a workgroup walks over the blocks of queries that see them, from
// the first on. An invocation is (key, lane). With w the softmax weights, u = drop(w):
// dv[s] = Σ u dout, dk[s] = Σ dscore q / √D, dscore as in attention_dq.comp.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(constant_id = 1) const uint kMostD = 64;

const uint kKeys = kMostD > 64 ? 8 : 16;  // of a workgroup: four blocks fit shared memory of 32 KiB
const uint kRows = kMostD > 64 ? 8 : 16;  // queries of a block
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

shared float k_block[kKeys][kMostD + 1];
shared float v_block[kKeys][kMostD + 1];
shared float q_block[kRows][kMostD + 1];
shared float dout_block[kRows][kMostD + 1];
shared float weights[kKeys][kRows + 1];
shared float dscores[kKeys][kRows + 1];

void main() {
  uint local = gl_LocalInvocationID.x;
  uint key = local / kLanes;
  uint lane = local % kLanes;
  uint first = gl_WorkGroupID.x * kKeys;
  uint h = gl_WorkGroupID.y;
  uint b = gl_WorkGroupID.z;
  uint s = first + key;
  bool is_key = s < push.T_;

  for (uint i = local; i < kKeys * push.D; i += kKeys * kLanes) {
    uint r = i / push.D;
    uint d = i % push.D;
    bool is_there = first + r < push.T_;
    k_block[r][d] = is_there ? LOAD(qkv[AT(0, QKV(b, first + r, 1, h) + d)]) : 0.0;
    v_block[r][d] = is_there ? LOAD(qkv[AT(0, QKV(b, first + r, 2, h) + d)]) : 0.0;
  }
  float dk[kColumns];
  float dv[kColumns];
  [[unroll]] for (uint i = 0; i < kColumns; ++i) {
    dk[i] = 0.0;
    dv[i] = 0.0;
  }

  for (uint t0 = first; t0 < push.T_; t0 += kRows) {
    barrier();
    for (uint i = local; i < kRows * push.D; i += kKeys * kLanes) {
      uint r = i / push.D;
      uint d = i % push.D;
      bool is_there = t0 + r < push.T_;
      q_block[r][d] = is_there ? LOAD(qkv[AT(0, QKV(b, t0 + r, 0, h) + d)]) : 0.0;
      dout_block[r][d] = is_there ? LOAD(dout[AT(3, ROW(b, t0 + r, h) + d)]) : 0.0;
    }
    barrier();
    uint t = t0 + lane;
    float weight = 0.0;
    float dscore = 0.0;
    if (lane < kRows && is_key && t < push.T_ && s <= t) {
      float score = 0.0;
      float dw = 0.0;
      for (uint d = 0; d < push.D; ++d) {
        score += q_block[lane][d] * k_block[key][d];
        dw += dout_block[lane][d] * v_block[key][d];
      }
      float result = capped(score * push.scale);
      float softmax = exp(result - lses[AT32(1, LSE(b, h, t))]);
      float keep = kept(b, h, t, s);
      weight = softmax * keep;
      dscore = softmax * (dw * keep - deltas[AT32(2, LSE(b, h, t))]) * cap_derivative(result) * push.scale;
    }
    if (lane < kRows) {
      weights[key][lane] = weight;
      dscores[key][lane] = dscore;
    }
    barrier();
    [[unroll]] for (uint r = 0; r < kRows; ++r) {
      float w = weights[key][r];
      float ds = dscores[key][r];
      bool is_seeing = t0 + r >= s;  // the others may be anything
      [[unroll]] for (uint i = 0; i < kColumns; ++i) {
        uint d = min(lane + i * kLanes, push.D - 1);
        dv[i] += is_seeing ? w * dout_block[r][d] : 0.0;
        dk[i] += is_seeing ? ds * q_block[r][d] : 0.0;
      }
    }
  }
  if (!is_key) return;
  [[unroll]] for (uint i = 0; i < kColumns; ++i) {
    uint d = lane + i * kLanes;
    if (d >= push.D) continue;
    dqkv[AT(4, QKV(b, s, 1, h) + d)] = STORE(dk[i]);
    dqkv[AT(4, QKV(b, s, 2, h) + d)] = STORE(dv[i]);
  }
}
