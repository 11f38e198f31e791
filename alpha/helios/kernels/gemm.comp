#version 450
// variants: nt nn tn
// C[M, N] = A · B on matrix units, 16-bit elements in, sums in f32; M, N and K are whole tiles. After
// spirv/cooperative_matrix.h. The variant says how A and B lie: nt A [M, K], B [N, K] (y = x Wᵀ); nn A
// [M, K], B [K, N] (dx = dy W); tn A [K, M], B [K, N] (dW = dyᵀ x).
//
// A workgroup computes a tile in steps of 32 along K; each of its subgroups 64 x 64 of it, as 4 x 4 sums
// of 16 x 16. The fragments of a whole step live in registers, so that shared memory is filled again
// while products run. How many subgroups there are changes no bit of a result.
#extension GL_NV_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_EXT_shader_explicit_arithmetic_types_int16 : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint kTo = 0;          // C is 0 f32, 1 bf16, 2 f16
layout(constant_id = 2) const uint kStart = 0;       // sums begin with 0 zeros, 1 a row of bias, 2 C
layout(constant_id = 3) const uint kActivation = 0;  // 0 none, 1 gelu, 2 relu, 3 silu; of 16-bit C
layout(constant_id = 4) const uint kHasPre = 0;      // keeps what the activation is applied to
layout(constant_id = 5) const uint kLda = 0;         // distances of rows, and the depth of a part
layout(constant_id = 6) const uint kLdb = 0;
layout(constant_id = 7) const uint kLdc = 0;
layout(constant_id = 8) const uint kDepth = 0;
layout(constant_id = 9) const uint kSubgroupsM = 2;  // of a workgroup, along M and N: 2 to 8
layout(constant_id = 10) const uint kSubgroupsN = 2;
layout(constant_id = 11) const uint kGroup = 8;  // rows of tiles that are walked together
layout(constant_id = 100) const uint kRowsA = 16;
layout(constant_id = 101) const uint kColumnsA = 16;
layout(constant_id = 102) const uint kRowsB = 16;
layout(constant_id = 103) const uint kColumnsB = 16;
layout(constant_id = 104) const uint kRowsC = 16;
layout(constant_id = 105) const uint kColumnsC = 16;

#define MATRIX_A fcoopmatNV<16, gl_ScopeSubgroup, kRowsA, kColumnsA>
#define MATRIX_B fcoopmatNV<16, gl_ScopeSubgroup, kRowsB, kColumnsB>
#define MATRIX_C fcoopmatNV<32, gl_ScopeSubgroup, kRowsC, kColumnsC>
#define MATRIX_H fcoopmatNV<16, gl_ScopeSubgroup, kRowsC, kColumnsC>

layout(binding = 0) readonly buffer A { uvec4 a[]; };  // 16 bytes, 8 elements
layout(binding = 1) readonly buffer B { uvec4 b[]; };
layout(binding = 2) readonly buffer Bias { float bias[]; };
layout(binding = 3) buffer C32 { float c32[]; };
layout(binding = 3) buffer C128 { uvec4 c128[]; };
layout(binding = 4) writeonly buffer Pre { uvec4 pre[]; };

layout(push_constant) uniform Push {
  uint ahead[5];  // 0: all begin at 16 bytes
  uint M;
  uint N;
  uint K;
} push;

#include "gemm_activation.glsl"

const uint kStep = 32, kEach = 4;
const uint kSubgroups = kSubgroupsM * kSubgroupsN, kThreads = 32 * kSubgroups;
const uint kTileM = kSubgroupsM * kEach * 16, kTileN = kSubgroupsN * kEach * 16;
#if defined(TN)
const uint kChunksA = kTileM / 8, kLinesA = kStep;  // 16-byte chunks of a line, lines of a tile as stored
#else
const uint kChunksA = kStep / 8, kLinesA = kTileM;
#endif
#if defined(NT)
const uint kChunksB = kStep / 8, kLinesB = kTileN;
#else
const uint kChunksB = kTileN / 8, kLinesB = kStep;
#endif
// Lines in shared memory are one chunk longer: eight of them hit eight different banks.
const uint kStrideA = kChunksA + 1, kStrideB = kChunksB + 1;
const uint kSizeA = kLinesA * kStrideA, kSizeB = kLinesB * kStrideB;
const uint kLoadsA = kLinesA * kChunksA / kThreads, kLoadsB = kLinesB * kChunksB / kThreads;
// 16-bit results: rows of fragments that a subgroup puts there at a time.
const uint kRowsOut = kSubgroups > 4 ? 1 : 2;
const uint kStrideOut = kEach * 2 + 1, kSizeOut = kSubgroups * kRowsOut * 16 * kStrideOut;
const uint kShared = kSizeA + kSizeB > kSizeOut ? kSizeA + kSizeB : kSizeOut;
shared uvec4 tiles[kShared + 1];  // the last element stays zero, see ZERO

// A store of 16 bytes a lane runs in phases of 8 lanes: these take lines 4 apart rather than neighbours.
uint permute(uint t, uint chunks) {
  return chunks == 4 ? (t & ~28u) | ((t & 4u) << 2) | ((t & 24u) >> 1) : t;
}

#define EACH_M [[unroll]] for (uint i = 0; i < kEach; ++i)
#define EACH_N [[unroll]] for (uint j = 0; j < kEach; ++j)
#define LINE(t, i, chunks) (t / chunks + i * (kThreads / chunks))
#define CHUNK(t, chunks) (t % chunks)
#define FETCH(step)                                                                                                   \
  {                                                                                                                   \
    [[unroll]] for (uint i = 0; i < kLoadsA; ++i) ra[i] = a[first_a + LINE(ta, i, kChunksA) * (kLda / 8) + CHUNK(ta, kChunksA) + (step) * step_a]; \
    [[unroll]] for (uint i = 0; i < kLoadsB; ++i) rb[i] = b[first_b + LINE(tb, i, kChunksB) * (kLdb / 8) + CHUNK(tb, kChunksB) + (step) * step_b]; \
  }
#define STORE_TILES                                                                                                   \
  {                                                                                                                   \
    [[unroll]] for (uint i = 0; i < kLoadsA; ++i) tiles[LINE(ta, i, kChunksA) * kStrideA + CHUNK(ta, kChunksA)] = ra[i]; \
    [[unroll]] for (uint i = 0; i < kLoadsB; ++i) tiles[kSizeA + LINE(tb, i, kChunksB) * kStrideB + CHUNK(tb, kChunksB)] = rb[i]; \
  }
// 0, which the compiler cannot know and must read behind the stores to shared memory: an address that
// contains it is not formed, and its load not issued, before them.
#define ZERO tiles[zero_at].x
#if defined(TN)
#define LOAD_A(m, i, k) coopMatLoadNV(m, tiles, origin_a + (k) * 16 * kStrideA + (i) * 2, kStrideA, true)
#else
#define LOAD_A(m, i, k) coopMatLoadNV(m, tiles, origin_a + (i) * 16 * kStrideA + (k) * 2, kStrideA, false)
#endif
#if defined(NT)
#define LOAD_B(m, j, k) coopMatLoadNV(m, tiles, kSizeA + origin_b + (j) * 16 * kStrideB + (k) * 2, kStrideB, true)
#else
#define LOAD_B(m, j, k) coopMatLoadNV(m, tiles, kSizeA + origin_b + (k) * 16 * kStrideB + (j) * 2, kStrideB, false)
#endif
#define LOAD_FRAGMENTS(x, y, k)     \
  {                                 \
    EACH_M LOAD_A(x[i], i, k);      \
    EACH_N LOAD_B(y[j], j, k);      \
  }
#define MULTIPLY(x, y) EACH_M EACH_N sums[i][j] = coopMatMulAddNV(x[i], y[j], sums[i][j])

void main() {
  const uint k0 = gl_WorkGroupID.z * kDepth;  // parts of K side by side along z
  const uint n_steps = (min(k0 + kDepth, push.K) - k0) / kStep;
  const uint tiles_m = push.M / kTileM, tiles_n = push.N / kTileN;
  // Tiles are walked in groups of rows, whose parts of B stay in L2.
  const uint per_group = kGroup * tiles_n, group = gl_WorkGroupID.x / per_group, first_tile = group * kGroup;
  const uint group_rows = min(tiles_m - first_tile, kGroup), in_group = gl_WorkGroupID.x - group * per_group;
  const uint row0 = (first_tile + in_group % group_rows) * kTileM, column0 = (in_group / group_rows) * kTileN;
  const uint t = gl_LocalInvocationIndex, subgroup = t / 32, lane = t & 31u;
  const uint sub_m = subgroup / kSubgroupsN, sub_n = subgroup % kSubgroupsN;
  const uint ta = permute(t, kChunksA), tb = permute(t, kChunksB);
#if defined(TN)
  const uint first_a = k0 * (kLda / 8) + row0 / 8, step_a = kStep * (kLda / 8), origin_a = sub_m * kEach * 2;
#else
  const uint first_a = row0 * (kLda / 8) + k0 / 8, step_a = kStep / 8, origin_a = sub_m * kEach * 16 * kStrideA;
#endif
#if defined(NT)
  const uint first_b = column0 * (kLdb / 8) + k0 / 8, step_b = kStep / 8, origin_b = sub_n * kEach * 16 * kStrideB;
#else
  const uint first_b = k0 * (kLdb / 8) + column0 / 8, step_b = kStep * (kLdb / 8), origin_b = sub_n * kEach * 2;
#endif
  const uint zero_at = kShared + (push.M >> 31);
  const uint row = row0 + sub_m * kEach * 16, column = column0 + sub_n * kEach * 16;
  const uint part = gl_WorkGroupID.z * push.M * kLdc;
  uvec4 ra[kLoadsA], rb[kLoadsB];
  MATRIX_C sums[kEach][kEach];
  MATRIX_A fa0[kEach], fa1[kEach];
  MATRIX_B fb0[kEach], fb1[kEach];
  EACH_M EACH_N {
    if (kStart == 0) sums[i][j] = MATRIX_C(0.0);
    if (kStart == 1) coopMatLoadNV(sums[i][j], bias, column + j * 16, 0, false);
    if (kStart == 2) coopMatLoadNV(sums[i][j], c32, part + (row + i * 16) * kLdc + column + j * 16, kLdc, false);
  }
  if (t == 0) tiles[kShared] = uvec4(0);

  FETCH(0);
  STORE_TILES;
  barrier();
  LOAD_FRAGMENTS(fa0, fb0, 0);
  LOAD_FRAGMENTS(fa1, fb1, 1);
  FETCH(min(1, n_steps - 1));
  for (uint step = 0; step < n_steps; ++step) {
    barrier();
    STORE_TILES;
    FETCH(min(step + 2, n_steps - 1) + ZERO);
    MULTIPLY(fa0, fb0);
    barrier();
    LOAD_FRAGMENTS(fa0, fb0, 0);
    MULTIPLY(fa1, fb1);
    LOAD_FRAGMENTS(fa1, fb1, 1);
  }

  if (kTo == 0) {
    EACH_M EACH_N coopMatStoreNV(sums[i][j], c32, part + (row + i * 16) * kLdc + column + j * 16, kLdc, false);
    return;
  }
  // 16-bit results go through shared memory, then 16 bytes a lane to memory.
  const uint origin = subgroup * kRowsOut * 16 * kStrideOut;
  barrier();
  [[unroll]] for (uint i0 = 0; i0 < kEach; i0 += kRowsOut) {
    [[unroll]] for (uint i = 0; i < kRowsOut; ++i) EACH_N {
      MATRIX_H narrow;
      if (kTo == 2) {
        narrow = MATRIX_H(sums[i0 + i][j]);
      } else {
        [[unroll]] for (uint e = 0; e < narrow.length(); ++e) narrow[e] = uint16BitsToHalf(uint16_t(bf16_bits(sums[i0 + i][j][e])));
      }
      coopMatStoreNV(narrow, tiles, origin + i * 16 * kStrideOut + j * 2, kStrideOut, false);
    }
    subgroupBarrier();
    [[unroll]] for (uint e = 0; e < kRowsOut * kEach; ++e) {
      const uint x = lane + e * 32, r = x / (kEach * 2), chunk = x % (kEach * 2);
      const uint to = (part + (row + i0 * 16 + r) * kLdc + column) / 8 + chunk;
      const uvec4 values = tiles[origin + r * kStrideOut + chunk];
      if (kHasPre != 0) pre[to] = values;
      c128[to] = kActivation == 0 ? values : activate_eight(values);
    }
    subgroupBarrier();
  }
}
