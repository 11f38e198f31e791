#version 450
// Writes the items of each chunk where sort_scan.comp says, equal digits in their order.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "sort.glsl"

layout(binding = 0) readonly buffer Keys { uint keys[]; };
layout(binding = 1) readonly buffer Order { uint order[]; };
layout(binding = 2) readonly buffer Places { uint places[]; };
layout(binding = 3) writeonly buffer Out { uint result[]; };

layout(push_constant) uniform Push {
  uint ahead[4];
  SORT_PARAMETERS
} push;

const uint kNone = kDigits;
shared uint digits_[kDigits];

void main() {
  uint local = gl_LocalInvocationID.x;
  for (uint chunk = gl_WorkGroupID.x; chunk < push.n_chunks; chunk += gl_NumWorkGroups.x) {
    uint i = chunk * kDigits + local;
    uint item = i < push.n ? ITEM(1, i) : 0;
    uint digit = i < push.n ? DIGIT_OF(item, 0) : kNone;
    barrier();
    digits_[local] = digit;
    barrier();
    uint n_before = 0;
    for (uint j = 0; j < kDigits; ++j) n_before += digits_[j] == digit && j < local ? 1 : 0;
    if (i < push.n) result[AT32(3, places[AT32(2, chunk * kDigits + digit)] + n_before)] = item;
  }
}
