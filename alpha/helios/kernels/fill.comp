#version 450
// variants: b16 b32
// out[i] = the same bits everywhere.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

#ifdef B16
layout(binding = 0) writeonly buffer Out { uint16_t result[]; };
#define SHIFT 1u
#define WORD(bits) uint16_t(bits)
#else
layout(binding = 0) writeonly buffer Out { uint result[]; };
#define SHIFT 2u
#define WORD(bits) (bits)
#endif

layout(push_constant) uniform Push {
  uint ahead[1];
  uint n;
  uint bits;
} push;

void main() {
  FOR_EACH(i, push.n) result[(push.ahead[0] >> SHIFT) + i] = WORD(push.bits);
}
