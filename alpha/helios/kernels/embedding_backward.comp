#version 450
// variants: f32 bf16 f16
// dweight[indices[i]] += dy[i]: a workgroup adds up a chunk of positions in their sorted order, and
// what an index has within the chunk goes to its row at once. No update is lost, and none comes by
// chance before another. Indices of several chunks: embedding_spans.comp.
#extension GL_GOOGLE_include_directive : require
#define IS_FIRST 1
#include "common.glsl"
#include "embedding_sums.glsl"

layout(binding = 3) writeonly buffer Parts { float parts[]; };
layout(binding = 4) readonly buffer Dy { T dy[]; };
layout(binding = 4) readonly buffer DyWords { uint dy_words[]; };

const uint kAtOnce = 4;
shared uint rows_[kItems];
shared int indices_[kItems];

vec2 load_columns(uint row, uint column) {
  uint at = row * push.D + column;
  if (kEach == 1) return vec2(LOAD(dy[AT(4, at)]), 0.0);
  uint word = dy_words[(push.ahead[4] >> 2) + at / 2];
#ifdef F16
  return unpackHalf2x16(word);
#else
  return vec2(uintBitsToFloat(word << 16), uintBitsToFloat(word & 0xffff0000u));
#endif
}

void main() {
  uint local = gl_LocalInvocationID.x;
  uint column = (gl_WorkGroupID.y * gl_WorkGroupSize.x + local) * kEach;
  for (uint chunk = gl_WorkGroupID.x; chunk < push.n_chunks; chunk += gl_NumWorkGroups.x) {
    uint begin = chunk * kItems;
    uint n = min(kItems, push.n - begin);
    barrier();
    for (uint i = local; i < n; i += gl_WorkGroupSize.x) {
      rows_[i] = order[AT32(1, begin + i)];
      indices_[i] = indices[AT32(0, rows_[i])];
    }
    barrier();
    bool comes_from_before = begin > 0 && INDEX_AT(begin - 1) == indices_[0];
    bool goes_on = begin + n < push.n && INDEX_AT(begin + n) == indices_[n - 1];
    if (column >= push.D) continue;
    vec2 sum = vec2(0.0);
    for (uint i0 = 0; i0 < n; i0 += kAtOnce) {
      vec2 values[kAtOnce];
      [[unroll]] for (uint j = 0; j < kAtOnce; ++j) values[j] = load_columns(rows_[min(i0 + j, n - 1)], column);
      [[unroll]] for (uint j = 0; j < kAtOnce; ++j) {
        uint i = i0 + j;
        if (i >= n) break;
        sum += values[j];
        int index = indices_[i];
        if (i + 1 < n && indices_[i + 1] == index) continue;
        bool is_from_before = comes_from_before && index == indices_[0];
        if (is_from_before || (goes_on && i + 1 == n)) {
          uint to = PART_AT(chunk, is_from_before ? 0 : 1, column);
          [[unroll]] for (uint e = 0; e < kEach; ++e) parts[to + e] = sum[e];
        } else {
          add_to_row(index, column, sum);
        }
        sum = vec2(0.0);
      }
    }
  }
}
