#version 450
// variants: b16 b32 b128
// out[i] = weight[indices[i]]: an invocation an element, or as many as 16 bytes hold.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

#ifdef B16
#define WORD uint16_t
#define WORD_SHIFT 1u
#elif defined(B128)
#define WORD uvec4
#define WORD_SHIFT 4u
#else
#define WORD uint
#define WORD_SHIFT 2u
#endif

layout(binding = 0) readonly buffer Weight { WORD weight[]; };
layout(binding = 1) readonly buffer Indices { int indices[]; };
layout(binding = 2) writeonly buffer Out { WORD result[]; };

layout(push_constant) uniform Push {
  uint ahead[3];
  uint n;
  uint D;  // words of a row
} push;

void main() {
  FOR_EACH(i, push.n) {
    uint row = uint(indices[AT32(1, i / push.D)]);
    result[(push.ahead[2] >> WORD_SHIFT) + i] = weight[(push.ahead[0] >> WORD_SHIFT) + row * push.D + i % push.D];
  }
}
