#version 450
// variants: bf16 f16
// dk and dv of kRows keys of a head on matrix units, from the blocks of queries that see them. With w the
// softmax weights, u = drop(w): dv = Σ u dout, dk = Σ dscore q / √D, dscore as in flash_dq.comp. Here
// rows of fragments are keys, columns queries. See flash.glsl.
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

const uint kQueries = kBlock / 16;  // fragments

shared vec2 of_queries[kBlock];  // log-sum-exp in powers of 2, delta

void main() {
  const uint local = gl_LocalInvocationIndex, subgroup = local / 32, lane = local & 31u;
  const uint h = gl_WorkGroupID.y, b = gl_WorkGroupID.z;
  const uint first = gl_WorkGroupID.x * kRows;
  const uint from = push.ahead[0] >> 4, dout_from = push.ahead[3] >> 4;
  const uint own = first + subgroup * kEach * 16;

  MATRIX_A k[kEach][kParts], v[kEach][kParts];
  STAGE(kRows, first, qkv, from + QKV(t, 1), 0);
  barrier();
  LOAD_ROWS(k, 0);
  barrier();
  STAGE(kRows, first, qkv, from + QKV(t, 2), 0);
  barrier();
  LOAD_ROWS(v, 0);

  MATRIX_C dk[kEach][kParts], dv[kEach][kParts];
  EACH(i) PARTS(d) {
    dk[i][d] = MATRIX_C(0.0);
    dv[i][d] = MATRIX_C(0.0);
  }

  const float scale2 = push.scale * kLog2e;
  uvec4 queries[kLoads], douts[kLoads];
  const uint begin = first / kBlock * kBlock;
  FETCH(queries, begin, qkv, from + QKV(t, 0));
  FETCH(douts, begin, dout, dout_from + ROW(t));
  for (uint t0 = begin; t0 < push.T_; t0 += kBlock) {
    barrier();
    PUT(queries, 0);
    PUT(douts, kBlock);
    if (local < kBlock) {
      const uint t = min(t0 + local, push.T_ - 1);
      of_queries[local] = vec2(lses[(push.ahead[1] >> 2) + LSE(t)] * kLog2e, deltas[(push.ahead[2] >> 2) + LSE(t)]);
    }
    barrier();
    FETCH(queries, t0 + kBlock, qkv, from + QKV(t, 0));
    FETCH(douts, t0 + kBlock, dout, dout_from + ROW(t));
    // Where queries do not see all keys, or are none.
    const bool is_edge = t0 < own + kEach * 16 || t0 + kBlock > push.T_;
    [[unroll]] for (uint j = 0; j < kQueries; ++j) {
      if (t0 + j * 16 + 15 < own) continue;
      MATRIX_C scores[kEach], dweights[kEach];
      EACH(i) {
        scores[i] = MATRIX_C(0.0);
        dweights[i] = MATRIX_C(0.0);
      }
      PARTS(d) {
        MATRIX_B q, g;
        LOAD_TURNED(q, 0, j, d);
        LOAD_TURNED(g, kBlock, j, d);
        EACH(i) {
          scores[i] = coopMatMulAddNV(k[i][d], q, scores[i]);
          dweights[i] = coopMatMulAddNV(v[i][d], g, dweights[i]);
        }
      }
      MATRIX_A weights[kEach], dscores[kEach];
      ELEMENTS(e) {
        const uint column = j * 16 + COLUMN_OF(e), t = t0 + column;
        const vec2 query = of_queries[column];
        Mask mask;
        if (kIsDropping) mask = mask_of(((push.first_batch + b) * push.H + h) * push.T_ + t, push.T_);
        EACH(i) {
          const uint s = own + i * 16 + ROW_OF(SLOT(e));
          const float score = CAPPED(scores[i][e]);
          const float weight = exp2(score * scale2 - query.x);
          float kept_weight = weight, dweight = dweights[i][e];
          if (kIsDropping) {
            const float keep = is_kept(mask, s, push.threshold) ? push.keep_scale : 0.0;
            kept_weight *= keep;
            dweight *= keep;
          }
          const float dscore = weight * (dweight - query.y) * CAP_DERIVATIVE(score);
          const bool is_seen = !is_edge || (s <= t && t < push.T_);
          weights[i][e] = NARROW(is_seen ? kept_weight : 0.0);
          dscores[i][e] = NARROW(is_seen ? dscore : 0.0);
        }
      }
      PARTS(d) {
        MATRIX_B q, g;
        LOAD_BLOCK(g, kBlock, j, d);
        LOAD_BLOCK(q, 0, j, d);
        EACH(i) {
          dv[i][d] = coopMatMulAddNV(weights[i], g, dv[i][d]);
          dk[i][d] = coopMatMulAddNV(dscores[i], q, dk[i][d]);
        }
      }
    }
  }

  EACH(i) [[unroll]] for (uint k = 0; k < 2; ++k) {
    const uint s = own + i * 16 + ROW_OF(k);
    if (s >= push.T_) continue;
    PARTS(d) [[unroll]] for (uint half_ = 0; half_ < 2; ++half_) {
      const uint e = 4 * k + 2 * half_;
      const uint pair = (push.ahead[4] >> 2) + d * 8 + (lane & 3) + 4 * half_;
      dqkv[pair + QKV(s, 1) * 4] = PAIR(dk[i][d][e] * push.scale, dk[i][d][e + 1] * push.scale);
      dqkv[pair + QKV(s, 2) * 4] = PAIR(dv[i][d][e], dv[i][d][e + 1]);
    }
  }
}
