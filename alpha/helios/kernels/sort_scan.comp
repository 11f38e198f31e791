#version 450
// Where the items of each chunk and digit go: counts become the sums of those of all lower digits, and
// of the same digit in the chunks before. One workgroup, an invocation a digit.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "sort.glsl"

layout(binding = 0) buffer Counts { uint counts[]; };

layout(push_constant) uniform Push {
  uint ahead[1];
  SORT_PARAMETERS
} push;

const uint kAtOnce = 8;
shared uint totals_[kDigits];

void main() {
  uint local = gl_LocalInvocationID.x;
  uint first = AT32(0, local);
  uint total = 0;
  for (uint begin = 0; begin < push.n_chunks; begin += kAtOnce) {
    [[unroll]] for (uint i = 0; i < kAtOnce; ++i) {
      uint chunk = min(begin + i, push.n_chunks - 1);
      uint count = counts[first + chunk * kDigits];
      total += begin + i < push.n_chunks ? count : 0;
    }
  }
  totals_[local] = total;
  barrier();
  for (uint step = 1; step < kDigits; step *= 2) {
    uint before = local >= step ? totals_[local - step] : 0;
    barrier();
    totals_[local] += before;
    barrier();
  }
  uint place = totals_[local] - total;
  for (uint begin = 0; begin < push.n_chunks; begin += kAtOnce) {
    uint each[kAtOnce];
    [[unroll]] for (uint i = 0; i < kAtOnce; ++i) each[i] = counts[first + min(begin + i, push.n_chunks - 1) * kDigits];
    [[unroll]] for (uint i = 0; i < kAtOnce; ++i) {
      if (begin + i >= push.n_chunks) break;
      counts[first + (begin + i) * kDigits] = place;
      place += each[i];
    }
  }
}
