#version 450
// variants: bf16 f16
// dq of kRows queries of a head on matrix units. With w the softmax weights and dw = drop(dout · v):
// dscore = w (dw - delta), through the cap; dq = Σ dscore k / √D. See flash.glsl.
#extension GL_GOOGLE_include_directive : require
#define KEY_BINDING 5
#include "flash.glsl"

layout(binding = 0) readonly buffer Qkv { uvec4 qkv[]; };
layout(binding = 1) readonly buffer Lse { float lses[]; };
layout(binding = 2) readonly buffer Delta { float deltas[]; };
layout(binding = 3) readonly buffer Dout { uvec4 dout[]; };
layout(binding = 4) writeonly buffer Dqkv { uint dqkv[]; };  // two elements each

layout(push_constant) uniform Push {
  uint ahead[5];
#include "flash_push.glsl"
} push;

const uint kKeys = kBlock / 16;  // fragments

void main() {
  const uint local = gl_LocalInvocationIndex, subgroup = local / 32, lane = local & 31u;
  const uint h = gl_WorkGroupID.y, b = gl_WorkGroupID.z;
  const uint first = (gl_NumWorkGroups.x - 1 - gl_WorkGroupID.x) * kRows;  // those with most keys first
  const uint from = push.ahead[0] >> 4;
  const uint own = first + subgroup * kEach * 16;

  MATRIX_A q[kEach][kParts], g[kEach][kParts];
  STAGE(kRows, first, qkv, from + QKV(t, 0), 0);
  barrier();
  LOAD_ROWS(q, 0);
  barrier();
  STAGE(kRows, first, dout, (push.ahead[3] >> 4) + ROW(t), 0);
  barrier();
  LOAD_ROWS(g, 0);

  MATRIX_C sums[kEach][kParts];
  float lse2[kEach][2], delta[kEach][2];
  Mask masks[kEach][2];
  EACH(i) {
    PARTS(d) sums[i][d] = MATRIX_C(0.0);
    [[unroll]] for (uint k = 0; k < 2; ++k) {
      const uint t = min(own + i * 16 + ROW_OF(k), push.T_ - 1);
      lse2[i][k] = lses[(push.ahead[1] >> 2) + LSE(t)] * kLog2e;
      delta[i][k] = deltas[(push.ahead[2] >> 2) + LSE(t)];
      if (kIsDropping) masks[i][k] = mask_of(((push.first_batch + b) * push.H + h) * push.T_ + t, push.T_);
    }
  }

  const uint end = min(first + kRows, push.T_);
  const float scale2 = push.scale * kLog2e;
  uvec4 keys[kLoads], values[kLoads];
  FETCH(keys, 0, qkv, from + QKV(t, 1));
  FETCH(values, 0, qkv, from + QKV(t, 2));
  for (uint s0 = 0; s0 < end; s0 += kBlock) {
    barrier();
    PUT(keys, 0);
    PUT(values, kBlock);
    barrier();
    FETCH(keys, s0 + kBlock, qkv, from + QKV(t, 1));
    FETCH(values, s0 + kBlock, qkv, from + QKV(t, 2));
    const bool is_last = s0 + kBlock > own;  // where queries do not see all keys
    [[unroll]] for (uint j = 0; j < kKeys; ++j) {
      if (s0 + j * 16 >= own + kEach * 16) continue;
      MATRIX_C scores[kEach], dweights[kEach];
      EACH(i) {
        scores[i] = MATRIX_C(0.0);
        dweights[i] = MATRIX_C(0.0);
      }
      PARTS(d) {
        MATRIX_B k, v;
        LOAD_TURNED(k, 0, j, d);
        LOAD_TURNED(v, kBlock, j, d);
        EACH(i) {
          scores[i] = coopMatMulAddNV(q[i][d], k, scores[i]);
          dweights[i] = coopMatMulAddNV(g[i][d], v, dweights[i]);
        }
      }
      MATRIX_A dscores[kEach];
      EACH(i) ELEMENTS(e) {
        const uint s = s0 + j * 16 + COLUMN_OF(e);
        const float score = CAPPED(scores[i][e]);
        const float weight = exp2(score * scale2 - lse2[i][SLOT(e)]);
        float dweight = dweights[i][e];
        if (kIsDropping) dweight = is_kept(masks[i][SLOT(e)], s, push.threshold) ? dweight * push.keep_scale : 0.0;
        const float dscore = weight * (dweight - delta[i][SLOT(e)]) * CAP_DERIVATIVE(score);
        const bool is_seen = !is_last || s <= own + i * 16 + ROW_OF(SLOT(e));
        dscores[i][e] = NARROW(is_seen ? dscore : 0.0);
      }
      PARTS(d) {
        MATRIX_B k;
        LOAD_BLOCK(k, 0, j, d);
        EACH(i) sums[i][d] = coopMatMulAddNV(dscores[i], k, sums[i][d]);
      }
    }
  }

  EACH(i) [[unroll]] for (uint k = 0; k < 2; ++k) {
    const uint t = own + i * 16 + ROW_OF(k);
    if (t >= push.T_) continue;
    PARTS(d) [[unroll]] for (uint half_ = 0; half_ < 2; ++half_) {
      const uint e = 4 * k + 2 * half_;
      const uint pair = d * 8 + (lane & 3) + 4 * half_;
      dqkv[(push.ahead[4] >> 2) + QKV(t, 0) * 4 + pair] = PAIR(sums[i][d][e] * push.scale, sums[i][d][e + 1] * push.scale);
    }
  }
}
