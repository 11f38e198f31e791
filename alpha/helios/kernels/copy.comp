#version 450
// variants: b16 b32
// out[out_base + Σ position · out_strides] = x[x_base + Σ position · x_strides], bit for bit: every
// change of layout.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "strided.glsl"

#ifdef B16
#define WORD uint16_t
#define WORD_SHIFT 1u
#else
#define WORD uint
#define WORD_SHIFT 2u
#endif

layout(binding = 0) readonly buffer X { WORD x[]; };
layout(binding = 1) writeonly buffer Out { WORD result[]; };

layout(push_constant) uniform Push {
  uint ahead[2];
  uint n;
  uint rank;
  uint x_base;
  uint out_base;
  uint sizes[kMaxRank];
  uint x_strides[kMaxRank];
  uint out_strides[kMaxRank];
} push;

void main() {
  FOR_EACH(i, push.n) {
    uint from, to;
    WALK(i, from, push.x_strides)
    WALK(i, to, push.out_strides)
    result[(push.ahead[1] >> WORD_SHIFT) + push.out_base + to] = x[(push.ahead[0] >> WORD_SHIFT) + push.x_base + from];
  }
}
