#version 450
// variants: f32 bf16 f16
// out = activation(op(a) · op(b) + bias): any sizes, products in f32. A workgroup of 16 x 16 makes a
// tile of 64 x 64, an invocation 4 x 4 of it; where tiles are few, of a part of K. The portable path,
// and that of sizes that matrix units do not take.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "activations.glsl"

layout(constant_id = 1) const uint kTransA = 0;
layout(constant_id = 2) const uint kTransB = 0;
layout(constant_id = 3) const uint kIsOut32 = 1;         // out is f32; otherwise T
layout(constant_id = 4) const uint kIsAccumulating = 0;  // out += instead of =
layout(constant_id = 5) const uint kHasBias = 0;         // a row of N, of T
layout(constant_id = 6) const uint kActivation = 0;      // 0 none, 1 gelu, 2 relu, 3 silu
layout(constant_id = 7) const uint kPre = 0;             // what the activation is applied to: 0 is not kept, 1 as f32, 2 as T

layout(binding = 0) readonly buffer A { T a[]; };
layout(binding = 1) readonly buffer B { T b[]; };
layout(binding = 2) readonly buffer Bias { T bias[]; };
layout(binding = 3) buffer Out32 { float out32[]; };
layout(binding = 3) buffer OutT { T out_t[]; };
layout(binding = 4) writeonly buffer Pre32 { float pre32[]; };
layout(binding = 4) writeonly buffer PreT { T pre_t[]; };

layout(push_constant) uniform Push {
  uint ahead[5];
  uint M;
  uint N;
  uint K;
  uint a_step;  // elements from one matrix of the batch to the next
  uint b_step;
  uint n_row_tiles;
  uint part_depth;  // of K; a part each has a result of its own
  uint part_step;   // elements from one of them to the next
} push;

const uint kTile = 64;
const uint kDepth = 16;
const uint kSide = 16;
const uint kEach = 4;  // rows and columns of an invocation

shared float a_tile[kDepth][kTile + 1];
shared float b_tile[kDepth][kTile + 1];

float activate(float v) {
  switch (kActivation) {
    case 1: return gelu(v);
    case 2: return relu(v);
    case 3: return silu(v);
    default: return v;
  }
}

void main() {
  uint local = gl_LocalInvocationID.x;
  uint tile_row = (gl_WorkGroupID.x % push.n_row_tiles) * kTile;
  uint tile_column = (gl_WorkGroupID.x / push.n_row_tiles) * kTile;
  uint batch = gl_WorkGroupID.y;
  uint a_first = batch * push.a_step;
  uint b_first = batch * push.b_step;
  uint row0 = local / kSide;
  uint column0 = local % kSide;

  float sums[kEach][kEach];
  [[unroll]] for (uint i = 0; i < kEach; ++i)
    [[unroll]] for (uint j = 0; j < kEach; ++j) sums[i][j] = 0.0;

  uint k_end = min(push.K, (gl_WorkGroupID.z + 1) * push.part_depth);
  for (uint k0 = gl_WorkGroupID.z * push.part_depth; k0 < k_end; k0 += kDepth) {
    [[unroll]] for (uint i = 0; i < kTile * kDepth / (kSide * kSide); ++i) {
      uint at = local + i * kSide * kSide;
      // Neighbours read neighbours, whichever way the matrix lies.
      uint m = kTransA != 0 ? at % kTile : at / kDepth;
      uint ka = kTransA != 0 ? at / kTile : at % kDepth;
      uint row = tile_row + m;
      uint depth = k0 + ka;
      uint from = kTransA != 0 ? depth * push.M + row : row * push.K + depth;
      a_tile[ka][m] = row < push.M && depth < k_end ? LOAD(a[AT(0, a_first + from)]) : 0.0;
      uint n = kTransB != 0 ? at / kDepth : at % kTile;
      uint kb = kTransB != 0 ? at % kDepth : at / kTile;
      uint column = tile_column + n;
      depth = k0 + kb;
      from = kTransB != 0 ? column * push.K + depth : depth * push.N + column;
      b_tile[kb][n] = column < push.N && depth < k_end ? LOAD(b[AT(1, b_first + from)]) : 0.0;
    }
    barrier();
    [[unroll]] for (uint k = 0; k < kDepth; ++k) {
      float x[kEach];
      float y[kEach];
      [[unroll]] for (uint i = 0; i < kEach; ++i) x[i] = a_tile[k][row0 + i * kSide];
      [[unroll]] for (uint j = 0; j < kEach; ++j) y[j] = b_tile[k][column0 + j * kSide];
      [[unroll]] for (uint i = 0; i < kEach; ++i)
        [[unroll]] for (uint j = 0; j < kEach; ++j) sums[i][j] += x[i] * y[j];
    }
    barrier();
  }

  [[unroll]] for (uint i = 0; i < kEach; ++i) {
    uint row = tile_row + row0 + i * kSide;
    [[unroll]] for (uint j = 0; j < kEach; ++j) {
      uint column = tile_column + column0 + j * kSide;
      if (row >= push.M || column >= push.N) continue;
      uint at = gl_WorkGroupID.z * push.part_step + (batch * push.M + row) * push.N + column;
      float value = sums[i][j];
      if (kHasBias != 0) value += LOAD(bias[AT(2, column)]);
      if (kPre == 1) pre32[AT32(4, at)] = value;
      if (kPre == 2) pre_t[AT(4, at)] = STORE(value);
      value = activate(value);
      if (kIsOut32 != 0) {
        uint to = AT32(3, at);
        out32[to] = kIsAccumulating != 0 ? out32[to] + value : value;
      } else {
        uint to = AT(3, at);
        out_t[to] = STORE(kIsAccumulating != 0 ? LOAD(out_t[to]) + value : value);
      }
    }
  }
}
