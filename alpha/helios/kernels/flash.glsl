// What the kernels of attention on matrix units share: flash_forward.comp, flash_dq.comp, flash_dkv.comp. After
// spirv/cooperative_matrix.h.
//
// A subgroup of 32 holds kEach x 16 rows in fragments of 16 x 16 and walks over blocks of kBlock other
// rows, which its workgroup keeps in shared memory. What softmax needs of a fragment it takes from its
// elements directly, and what it makes of them is the next product's left operand in the same place.
// For that it relies on where NVIDIA's invocations keep elements: of sums as of left operands, element e
// of invocation `lane` is in row lane / 4 + 8 (e / 4), column 2 (lane % 4) + e % 2 + 8 (e / 2 % 2). No standard
// promises this: the first use tests it.
#extension GL_NV_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_clustered : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_EXT_shader_explicit_arithmetic_types_int16 : require
#extension GL_EXT_control_flow_attributes : require

#include "numbers.glsl"
#include "dropout.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint kSubgroups = 4;
layout(constant_id = 2) const uint kD = 64;  // size of heads, a multiple of 16
layout(constant_id = 3) const uint kBlock = 64;
layout(constant_id = 4) const uint kEach = 1;
layout(constant_id = 5) const bool kIsCapped = false;
layout(constant_id = 6) const bool kIsDropping = false;
layout(constant_id = 100) const uint kRowsA = 16;
layout(constant_id = 101) const uint kColumnsA = 16;
layout(constant_id = 102) const uint kRowsB = 16;
layout(constant_id = 103) const uint kColumnsB = 16;
layout(constant_id = 104) const uint kRowsC = 16;
layout(constant_id = 105) const uint kColumnsC = 16;

#define MATRIX_A fcoopmatNV<16, gl_ScopeSubgroup, kRowsA, kColumnsA>
#define MATRIX_B fcoopmatNV<16, gl_ScopeSubgroup, kRowsB, kColumnsB>
#define MATRIX_C fcoopmatNV<32, gl_ScopeSubgroup, kRowsC, kColumnsC>

const uint kThreads = kSubgroups * 32;
const uint kRows = kSubgroups * kEach * 16;  // of a workgroup, at most 2 kBlock
const uint kParts = kD / 16;                 // fragments of a row
const uint kChunks = kD / 8;                 // 16 bytes each
const uint kStride = kChunks + 1;            // of rows in shared memory: eight of them hit eight different banks
const uint kLoads = (kBlock * kChunks + kThreads - 1) / kThreads;
const float kLog2e = 1.44269504088896341;

shared uvec4 tiles[2 * kBlock * kStride];  // two blocks

#define EACH(i) [[unroll]] for (uint i = 0; i < kEach; ++i)
#define PARTS(d) [[unroll]] for (uint d = 0; d < kParts; ++d)
#define ELEMENTS(e) [[unroll]] for (uint e = 0; e < 8; ++e)
#define SLOT(e) ((e) >> 2)  // which of an invocation's two rows of a fragment
#define ROW_OF(slot) (lane / 4 + 8 * (slot))
#define COLUMN_OF(e) (2 * (lane & 3) + ((e) & 1) + 8 * ((e) >> 1 & 1))

// Chunk 0 of part 0 (queries), 1 (keys), 2 (values) of head h, row t of batch entry b.
#define QKV(t, part) (((b) * push.T_ + (t)) * 3 * push.H * kChunks + ((part) * push.H + h) * kChunks)
#define ROW(t) (((b) * push.T_ + (t)) * push.H * kChunks + h * kChunks)
#define LSE(t) (((b) * push.H + h) * push.T_ + (t))

// n rows from `first` on, of which row t begins at chunk `at(t)` of the source, at row `to` of shared
// memory; zeros behind T.
#define STAGE(n, first, source, at, to)                                                             \
  [[unroll]] for (uint i = 0; i < ((n) * kChunks + kThreads - 1) / kThreads; ++i) {                 \
    const uint x = local + i * kThreads, r = x / kChunks, c = x % kChunks, t = (first) + r;         \
    if (x < (n) * kChunks) tiles[((to) + r) * kStride + c] = t < push.T_ ? source[at + c] : uvec4(0); \
  }

// The same for a block, through registers.
#define FETCH(registers, first, source, at)                                                  \
  [[unroll]] for (uint i = 0; i < kLoads; ++i) {                                             \
    const uint x = local + i * kThreads, c = x % kChunks, t = (first) + x / kChunks;         \
    registers[i] = x < kBlock * kChunks && t < push.T_ ? source[at + c] : uvec4(0);          \
  }
#define PUT(registers, to)                                                                                    \
  [[unroll]] for (uint i = 0; i < kLoads; ++i) {                                                              \
    const uint x = local + i * kThreads;                                                                      \
    if (x < kBlock * kChunks) tiles[((to) + x / kChunks) * kStride + x % kChunks] = registers[i];             \
  }

// Rows of this subgroup, staged from row `to` on, as left operands.
#define LOAD_ROWS(m, to) \
  EACH(i) PARTS(d) coopMatLoadNV(m[i][d], tiles, ((to) + (subgroup * kEach + i) * 16) * kStride + d * 2, kStride, false)
// Fragment (j, d) of the block that begins at row `to`: as it lies, or with rows and columns exchanged.
#define LOAD_BLOCK(m, to, j, d) coopMatLoadNV(m, tiles, ((to) + (j) * 16) * kStride + (d) * 2, kStride, false)
#define LOAD_TURNED(m, to, j, d) coopMatLoadNV(m, tiles, ((to) + (j) * 16) * kStride + (d) * 2, kStride, true)

// The 16 bits of x, to nearest; what arithmetic makes of a NaN stays one.
#if defined(BF16)
uint narrow_bits(float x) {
  uint bits = floatBitsToUint(x);
  return (min((bits & 0x7fffffffu) + 0x8000u, 0x7fffffffu) | (bits & 0x80000000u)) >> 16;
}
#define NARROW(x) uint16BitsToHalf(uint16_t(narrow_bits(x)))
#define PAIR(x, y) (bf16_bits(x) | bf16_bits(y) << 16)
#define kNotFinite 0x7f80u
#else
#define NARROW(x) float16_t(x)
#define PAIR(x, y) packHalf2x16(vec2(x, y))
#define kNotFinite 0x7c00u
#endif

// The score that the cap leaves, in units before the scale; and its derivative, from its result.
#define CAPPED(score) (kIsCapped ? push.cap * safe_tanh((score) / push.cap) : (score))
#define CAP_DERIVATIVE(result) (kIsCapped ? 1.0 - (result) / push.cap * ((result) / push.cap) : 1.0)

// What dropout asks of a query: the lower half of the index of its weight for key 0, and what the hash
// begins with before and behind a carry into the upper half. See dropout.glsl.
struct Mask {
  uint low;
  uint start;
  uint start_behind;
};

Mask mask_of(uint row, uint n_keys) {
  Mask mask;
  uint high;
  umulExtended(row, n_keys, high, mask.low);
  mask.start = hash_start(high);
  mask.start_behind = hash_start(high + 1);
  return mask;
}

bool is_kept(Mask mask, uint key, uint threshold) {
  uint low = mask.low + key;
  return is_kept(low < mask.low ? mask.start_behind : mask.start, low, threshold);
}
