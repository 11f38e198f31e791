#version 450
// variants: f32 bf16 f16
// Behind embedding_backward.comp: the rows of indices that more than one chunk has. The workgroup of
// the first of them adds up the parts, in their order.
#extension GL_GOOGLE_include_directive : require
#define IS_FIRST 0
#include "common.glsl"
#include "reduce.glsl"
#include "embedding_sums.glsl"

layout(binding = 3) readonly buffer Parts { float parts[]; };

const uint kAtOnce = 8;

void main() {
  uint local = gl_LocalInvocationID.x;
  uint column = (gl_WorkGroupID.y * gl_WorkGroupSize.x + local) * kEach;
  for (uint chunk = gl_WorkGroupID.x; chunk + 1 < push.n_chunks; chunk += gl_NumWorkGroups.x) {
    uint begin = chunk * kItems;
    uint end = begin + kItems;
    int index = INDEX_AT(end - 1);
    bool is_from_before = begin > 0 && INDEX_AT(begin - 1) == index;
    if (is_from_before || INDEX_AT(end) != index) continue;
    // The chunks that have more of it.
    uint n = 0;
    for (uint first = chunk + 1; first < push.n_chunks; first += gl_WorkGroupSize.x) {
      uint other = first + local;
      bool has_more = other < push.n_chunks && INDEX_AT(other * kItems) == index;
      uint n_more = uint(workgroup_sum(has_more ? 1.0 : 0.0));
      n += n_more;
      if (n_more < gl_WorkGroupSize.x) break;
    }
    if (column >= push.D) continue;
    vec2 sum = vec2(0.0);
    [[unroll]] for (uint e = 0; e < kEach; ++e) sum[e] = parts[PART_AT(chunk, 1, column) + e];
    for (uint i0 = 1; i0 <= n; i0 += kAtOnce) {
      vec2 values[kAtOnce];
      [[unroll]] for (uint j = 0; j < kAtOnce; ++j) {
        uint from = PART_AT(chunk + min(i0 + j, n), 0, column);
        values[j] = vec2(0.0);
        [[unroll]] for (uint e = 0; e < kEach; ++e) values[j][e] = parts[from + e];
      }
      [[unroll]] for (uint j = 0; j < kAtOnce; ++j) sum += i0 + j <= n ? values[j] : vec2(0.0);
    }
    add_to_row(index, column, sum);
  }
}
