#version 450
// variants: f32 bf16 f16
// matmul.comp for large results: a workgroup of 16 x 16 makes a tile of 128 x 128, an invocation 8 x 8
// of it, four and four that are 64 apart. The next step along K is on its way while this one is
// computed.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "activations.glsl"
#include "units.glsl"
#include "matmul.glsl"

layout(constant_id = 8) const uint kIsWhole = 0;  // rows of a and b are whole fours, at places where four can be read

#if kUnit == 8
#define FOUR uvec2
#define FOUR_SHIFT 3
#else
#define FOUR uvec4
#define FOUR_SHIFT 4
#endif

layout(binding = 0) readonly buffer AFours { FOUR a_fours[]; };
layout(binding = 1) readonly buffer BFours { FOUR b_fours[]; };

const uint kTile = 128;
const uint kDepth = 16;
const uint kSide = 16;
const uint kAtOnce = 4;  // steps along K that are written out
const uint kFours = kTile / 4;
const uint kLoads = kTile * kDepth / 4 / (kSide * kSide);

shared vec4 a_tile[kDepth][kFours + 1];
shared vec4 b_tile[kDepth][kFours + 1];

vec4 unpack_four(FOUR four) {
#if kUnit == 8
  return vec4(PAIR(four.x), PAIR(four.y));
#else
  return uintBitsToFloat(four);
#endif
}

// Elements at … at + 3 of line `line` of a matrix with rows of `stride`, of which n_lines and n count;
// 0 beyond.
#define LOAD_FOUR(name, binding, first, line, at, n_lines, n, stride, four)                              \
  {                                                                                                      \
    four = vec4(0.0);                                                                                    \
    uint from_ = (first) + (line) * (stride) + (at);                                                     \
    if ((line) < (n_lines) && (at) < (n)) {                                                              \
      if (kIsWhole != 0) {                                                                               \
        four = unpack_four(name##_fours[(push.ahead[binding] >> FOUR_SHIFT) + from_ / 4]);               \
      } else {                                                                                           \
        [[unroll]] for (uint e_ = 0; e_ < 4; ++e_) {                                                     \
          if ((at) + e_ < (n)) four[e_] = LOAD(name[AT(binding, from_ + e_)]);                           \
        }                                                                                                \
      }                                                                                                  \
    }                                                                                                    \
  }

// Which four of a tile the i-th load of an invocation is: along K where the matrix lies that way
// (is_deep), a line of the tile and a place in K; else a line of K and a place in the tile.
#define LINE_OF(is_deep, id) ((is_deep) ? (id) / (kDepth / 4) : (id) / kFours)
#define PLACE_OF(is_deep, id) ((is_deep) ? (id) % (kDepth / 4) * 4 : (id) % kFours * 4)

#define STORE_FOUR(tile, is_deep, id, four)                                                              \
  {                                                                                                      \
    uint line_ = LINE_OF(is_deep, id);                                                                   \
    uint place_ = PLACE_OF(is_deep, id);                                                                 \
    if (is_deep) {                                                                                       \
      [[unroll]] for (uint e_ = 0; e_ < 4; ++e_) tile[place_ + e_][line_ / 4][line_ % 4] = four[e_];     \
    } else {                                                                                             \
      tile[line_][place_ / 4] = four;                                                                    \
    }                                                                                                    \
  }

void main() {
  uint local = gl_LocalInvocationID.x;
  uint tile_row = (gl_WorkGroupID.x % push.n_row_tiles) * kTile;
  uint tile_column = (gl_WorkGroupID.x / push.n_row_tiles) * kTile;
  uint batch = gl_WorkGroupID.y;
  uint a_first = batch * push.a_step;
  uint b_first = batch * push.b_step;
  uint row0 = local / kSide;  // in fours
  uint column0 = local % kSide;
  const bool is_a_deep = kTransA == 0;
  const bool is_b_deep = kTransB != 0;

  vec4 sums[8][2];
  [[unroll]] for (uint i = 0; i < 8; ++i)
    [[unroll]] for (uint j = 0; j < 2; ++j) sums[i][j] = vec4(0.0);

  uint k_end = min(push.K, (gl_WorkGroupID.z + 1) * push.part_depth);
  vec4 next_a[kLoads];
  vec4 next_b[kLoads];
  // One step ahead: the first round only loads.
  uint k_begin = gl_WorkGroupID.z * push.part_depth;
  for (uint k1 = k_begin; k1 < k_end + kDepth; k1 += kDepth) {
    if (k1 > k_begin) {
      barrier();
      [[unroll]] for (uint i = 0; i < kLoads; ++i) {
        uint id = local + i * kSide * kSide;
        STORE_FOUR(a_tile, is_a_deep, id, next_a[i])
        STORE_FOUR(b_tile, is_b_deep, id, next_b[i])
      }
      barrier();
    }
    if (k1 < k_end) {
      [[unroll]] for (uint i = 0; i < kLoads; ++i) {
        uint id = local + i * kSide * kSide;
        uint a_line = LINE_OF(is_a_deep, id);
        uint a_place = PLACE_OF(is_a_deep, id);
        if (is_a_deep) {
          LOAD_FOUR(a, 0, a_first, tile_row + a_line, k1 + a_place, push.M, k_end, push.K, next_a[i])
        } else {
          LOAD_FOUR(a, 0, a_first, k1 + a_line, tile_row + a_place, k_end, push.M, push.M, next_a[i])
        }
        uint b_line = LINE_OF(is_b_deep, id);
        uint b_place = PLACE_OF(is_b_deep, id);
        if (is_b_deep) {
          LOAD_FOUR(b, 1, b_first, tile_column + b_line, k1 + b_place, push.N, k_end, push.K, next_b[i])
        } else {
          LOAD_FOUR(b, 1, b_first, k1 + b_line, tile_column + b_place, k_end, push.N, push.N, next_b[i])
        }
      }
    }
    if (k1 == k_begin) continue;
    for (uint k0 = 0; k0 < kDepth; k0 += kAtOnce) {
      [[unroll]] for (uint step = 0; step < kAtOnce; ++step) {
        uint k = k0 + step;
        vec4 x[2];
        vec4 y[2];
        [[unroll]] for (uint i = 0; i < 2; ++i) x[i] = a_tile[k][row0 + i * kSide];
        [[unroll]] for (uint j = 0; j < 2; ++j) y[j] = b_tile[k][column0 + j * kSide];
        [[unroll]] for (uint i = 0; i < 8; ++i)
          [[unroll]] for (uint j = 0; j < 2; ++j) sums[i][j] += x[i / 4][i % 4] * y[j];
      }
    }
  }

  [[unroll]] for (uint i = 0; i < 8; ++i) {
    uint row = tile_row + (i / 4) * (kTile / 2) + row0 * 4 + i % 4;
    [[unroll]] for (uint j = 0; j < 8; ++j) {
      uint column = tile_column + (j / 4) * (kTile / 2) + column0 * 4 + j % 4;
      write_sum(batch, row, column, sums[i][j / 4][j % 4]);
    }
  }
}
