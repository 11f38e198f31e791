#version 450
// variants: bf16 f16
// Causal attention of kRows queries of a head on matrix units: for each query the largest score, the sum
// of weights and the weighted values of the blocks of keys so far. See flash.glsl.
#extension GL_GOOGLE_include_directive : require
#define KEY_BINDING 3
#include "flash.glsl"

layout(binding = 0) readonly buffer Qkv { uvec4 qkv[]; };
layout(binding = 1) writeonly buffer Out { uint result[]; };  // two elements each
layout(binding = 2) writeonly buffer Lse { float lses[]; };

layout(push_constant) uniform Push {
  uint ahead[3];
#include "flash_push.glsl"
} push;

const uint kKeys = kBlock / 16;  // fragments

shared float blot[kBlock];  // NaN where a value of a key of the block is not finite, else 0

bool is_finite(uvec4 values) {
  uvec4 high = values & (kNotFinite << 16), low = values & kNotFinite;
  return !any(equal(high, uvec4(kNotFinite << 16))) && !any(equal(low, uvec4(kNotFinite)));
}

void main() {
  const uint local = gl_LocalInvocationIndex, subgroup = local / 32, lane = local & 31u;
  const uint h = gl_WorkGroupID.y, b = gl_WorkGroupID.z;
  const uint first = (gl_NumWorkGroups.x - 1 - gl_WorkGroupID.x) * kRows;  // those with most keys first
  const uint from = push.ahead[0] >> 4;
  const uint own = first + subgroup * kEach * 16;

  MATRIX_A q[kEach][kParts];
  STAGE(kRows, first, qkv, from + QKV(t, 0), 0);
  barrier();
  LOAD_ROWS(q, 0);

  MATRIX_C sums[kEach][kParts];
  float largest[kEach][2], total[kEach][2];
  Mask masks[kEach][2];
  EACH(i) {
    PARTS(d) sums[i][d] = MATRIX_C(0.0);
    [[unroll]] for (uint k = 0; k < 2; ++k) {
      largest[i][k] = -kInfinity;
      total[i][k] = 0.0;
      if (kIsDropping) {
        const uint row = ((push.first_batch + b) * push.H + h) * push.T_ + own + i * 16 + ROW_OF(k);
        masks[i][k] = mask_of(row, push.T_);
      }
    }
  }

  const uint end = min(first + kRows, push.T_);
  const float scale2 = push.scale * kLog2e;
  uvec4 keys[kLoads], values[kLoads];
  FETCH(keys, 0, qkv, from + QKV(t, 1));
  FETCH(values, 0, qkv, from + QKV(t, 2));
  for (uint s0 = 0; s0 < end; s0 += kBlock) {
    barrier();
    // Where queries do not see all keys, a weight of 0 must not meet a value that is not finite. As for the
    // largest workgroup whatever its size: so that changes no bit.
    const bool is_last = s0 + kBlock > first / (2 * kBlock) * (2 * kBlock);
    if (is_last) {
      if (local < kBlock) blot[local] = 0.0;
      barrier();
      [[unroll]] for (uint i = 0; i < kLoads; ++i) {
        const uint x = local + i * kThreads;
        if (x < kBlock * kChunks && !is_finite(values[i])) {
          blot[x / kChunks] = kNaN;
          values[i] = uvec4(0);
        }
      }
    }
    PUT(keys, 0);
    PUT(values, kBlock);
    barrier();
    FETCH(keys, s0 + kBlock, qkv, from + QKV(t, 1));
    FETCH(values, s0 + kBlock, qkv, from + QKV(t, 2));
    if (s0 >= own + kEach * 16) continue;

    MATRIX_C scores[kEach][kKeys];
    EACH(i) [[unroll]] for (uint j = 0; j < kKeys; ++j) scores[i][j] = MATRIX_C(0.0);
    PARTS(d) [[unroll]] for (uint j = 0; j < kKeys; ++j) {
      MATRIX_B k;
      LOAD_TURNED(k, 0, j, d);
      EACH(i) scores[i][j] = coopMatMulAddNV(q[i][d], k, scores[i][j]);
    }
    if (kIsCapped) {
      EACH(i) [[unroll]] for (uint j = 0; j < kKeys; ++j) ELEMENTS(e) scores[i][j][e] = CAPPED(scores[i][j][e]);
    }
    if (is_last) {
      EACH(i) [[unroll]] for (uint j = 0; j < kKeys; ++j) ELEMENTS(e) {
        const uint column = j * 16 + COLUMN_OF(e);
        const bool is_seen = s0 + column <= own + i * 16 + ROW_OF(SLOT(e));
        scores[i][j][e] = is_seen ? scores[i][j][e] + blot[column] : -kInfinity;
      }
    }
    EACH(i) {
      float top[2], shrink[2];
      [[unroll]] for (uint k = 0; k < 2; ++k) top[k] = largest[i][k];
      [[unroll]] for (uint j = 0; j < kKeys; ++j) ELEMENTS(e) top[SLOT(e)] = max(top[SLOT(e)], scores[i][j][e]);
      [[unroll]] for (uint k = 0; k < 2; ++k) {
        top[k] = subgroupClusteredMax(top[k], 4);
        shrink[k] = exp2((largest[i][k] - top[k]) * scale2);
        largest[i][k] = top[k];
        total[i][k] *= shrink[k];
        top[k] *= scale2;
      }
      [[unroll]] for (uint j = 0; j < kKeys; ++j) ELEMENTS(e) {
        float weight = exp2(scores[i][j][e] * scale2 - top[SLOT(e)]);
        total[i][SLOT(e)] += weight;
        if (kIsDropping && !is_kept(masks[i][SLOT(e)], s0 + j * 16 + COLUMN_OF(e), push.threshold)) weight = 0.0;
        scores[i][j][e] = weight;
      }
      PARTS(d) ELEMENTS(e) sums[i][d][e] *= shrink[SLOT(e)];
    }
    [[unroll]] for (uint j = 0; j < kKeys; ++j) {
      MATRIX_A weights[kEach];
      EACH(i) ELEMENTS(e) weights[i][e] = NARROW(scores[i][j][e]);
      PARTS(d) {
        MATRIX_B v;
        LOAD_BLOCK(v, kBlock, j, d);
        EACH(i) sums[i][d] = coopMatMulAddNV(weights[i], v, sums[i][d]);
      }
    }
  }

  EACH(i) [[unroll]] for (uint k = 0; k < 2; ++k) {
    const uint t = own + i * 16 + ROW_OF(k);
    const float sum = subgroupClusteredAdd(total[i][k], 4);
    const float factor = (kIsDropping ? push.keep_scale : 1.0) / sum;
    if (t >= push.T_) continue;
    PARTS(d) [[unroll]] for (uint half_ = 0; half_ < 2; ++half_) {
      const uint e = 4 * k + 2 * half_;
      const uint pair = d * 8 + (lane & 3) + 4 * half_;
      result[(push.ahead[1] >> 2) + ROW(t) * 4 + pair] = PAIR(sums[i][d][e] * factor, sums[i][d][e + 1] * factor);
    }
    if ((lane & 3) == 0) lses[(push.ahead[2] >> 2) + LSE(t)] = largest[i][k] * push.scale + log(sum);
  }
}
