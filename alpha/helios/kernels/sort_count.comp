#version 450
// How many items of each digit a chunk has: one step of a stable sort of 0 … n-1 by their keys, from
// the lowest digit on (kernels/sort.h). A workgroup has a chunk, an invocation an item of it.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "sort.glsl"

layout(binding = 0) readonly buffer Keys { uint keys[]; };
layout(binding = 1) readonly buffer Order { uint order[]; };  // so far; nothing in the first step
layout(binding = 2) writeonly buffer Counts { uint counts[]; };  // [n_chunks, kDigits]

layout(push_constant) uniform Push {
  uint ahead[3];
  SORT_PARAMETERS
} push;

shared uint counts_[kDigits];

void main() {
  uint local = gl_LocalInvocationID.x;
  for (uint chunk = gl_WorkGroupID.x; chunk < push.n_chunks; chunk += gl_NumWorkGroups.x) {
    counts_[local] = 0;
    barrier();
    uint i = chunk * kDigits + local;
    if (i < push.n) atomicAdd(counts_[DIGIT_OF(ITEM(1, i), 0)], 1u);
    barrier();
    counts[AT32(2, chunk * kDigits + local)] = counts_[local];
  }
}
