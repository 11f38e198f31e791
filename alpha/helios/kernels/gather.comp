#version 450
// variants: b16 b32
// out[o, j, i] = x[o, indices[o, j, i], i] on positions of `indices`, which may be smaller than x.
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
layout(binding = 1) readonly buffer Indices { int indices[]; };
layout(binding = 2) writeonly buffer Out { WORD result[]; };

layout(push_constant) uniform Push {
  uint ahead[3];
  uint n;
  uint rank;
  uint axis_stride;
  uint sizes[kMaxRank];
  uint x_strides[kMaxRank];  // 0 along the axis
} push;

void main() {
  FOR_EACH(i, push.n) {
    uint at;
    WALK(i, at, push.x_strides)
    at += uint(indices[AT32(1, i)]) * push.axis_stride;
    result[(push.ahead[2] >> WORD_SHIFT) + i] = x[(push.ahead[0] >> WORD_SHIFT) + at];
  }
}
