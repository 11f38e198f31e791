#version 450
// variants: f32 bf16 f16
// dweight[indices[i]] += dy[i]. The workgroup of the first i with an index adds up all rows with it,
// in the order of i: no update is lost, and none comes by chance before another.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(constant_id = 1) const uint kIsOut32 = 1;  // dweight is f32; otherwise T

layout(binding = 0) readonly buffer Indices { int indices[]; };
layout(binding = 1) readonly buffer Dy { T dy[]; };
layout(binding = 2) buffer Out32 { float out32[]; };
layout(binding = 2) buffer OutT { T out_t[]; };

layout(push_constant) uniform Push {
  uint ahead[3];
  uint n;  // indices
  uint D;
} push;

const uint kMost = 256;
shared uint is_same_[kMost];
shared uint any_;

void main() {
  uint size = gl_WorkGroupSize.x;
  uint local = gl_LocalInvocationID.x;
  for (uint i = gl_WorkGroupID.x; i < push.n; i += gl_NumWorkGroups.x) {
    int index = indices[AT32(0, i)];
    // Whoever has an earlier twin has nothing to do.
    if (local == 0) any_ = 0;
    barrier();
    for (uint j = local; j < i; j += size) {
      if (indices[AT32(0, j)] == index) any_ = 1;
    }
    barrier();
    bool is_first = any_ == 0;
    barrier();
    if (!is_first) continue;
    for (uint block = 0; block < push.D; block += size) {
      uint column = block + local;
      bool has_column = column < push.D;
      uint to = uint(index) * push.D + column;
      float sum = 0.0;
      if (has_column) sum = kIsOut32 != 0 ? out32[AT32(2, to)] : LOAD(out_t[AT(2, to)]);
      for (uint begin = i; begin < push.n; begin += size) {
        if (local == 0) any_ = 0;
        barrier();
        bool is_same = begin + local < push.n && indices[AT32(0, begin + local)] == index;
        is_same_[local] = is_same ? 1 : 0;
        if (is_same) any_ = 1;
        barrier();
        if (any_ != 0 && has_column) {
          uint end = min(size, push.n - begin);
          for (uint j = 0; j < end; ++j) {
            if (is_same_[j] != 0) sum += LOAD(dy[AT(1, (begin + j) * push.D + column)]);
          }
        }
        barrier();
      }
      if (has_column) {
        if (kIsOut32 != 0) {
          out32[AT32(2, to)] = sum;
        } else {
          out_t[AT(2, to)] = STORE(sum);
        }
      }
    }
  }
}
