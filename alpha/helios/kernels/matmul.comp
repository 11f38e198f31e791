#version 450
// variants: f32 bf16 f16
// out = activation(op(a) · op(b) + bias): any sizes, products in f32. A workgroup of 16 x 16 makes a
// tile of 64 x 64, an invocation 4 x 4 of it; where tiles are few, of a part of K. The portable path,
// and that of sizes that matrix units do not take.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "activations.glsl"
#include "matmul.glsl"

const uint kTile = 64;
const uint kDepth = 16;
const uint kSide = 16;
const uint kEach = 4;  // rows and columns of an invocation

shared float a_tile[kDepth][kTile + 1];
shared float b_tile[kDepth][kTile + 1];

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
    [[unroll]] for (uint j = 0; j < kEach; ++j) {
      write_sum(batch, tile_row + row0 + i * kSide, tile_column + column0 + j * kSide, sums[i][j]);
    }
  }
}
