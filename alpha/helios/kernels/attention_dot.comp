#version 450
// variants: f32 bf16 f16
// delta = Σ dout · out of each query and head: an invocation each.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(binding = 0) readonly buffer Out { T forward[]; };
layout(binding = 1) readonly buffer Dout { T dout[]; };
layout(binding = 2) writeonly buffer Delta { float delta[]; };

layout(push_constant) uniform Push {
  uint ahead[3];
  uint n;  // B · H · T
  uint T_;
  uint H;
  uint D;
} push;

void main() {
  FOR_EACH(i, push.n) {
    uint t = i % push.T_;
    uint h = i / push.T_ % push.H;
    uint b = i / push.T_ / push.H;
    uint first = ((b * push.T_ + t) * push.H + h) * push.D;
    float sum = 0.0;
    for (uint d = 0; d < push.D; ++d) sum += LOAD(forward[AT(0, first + d)]) * LOAD(dout[AT(1, first + d)]);
    delta[AT32(2, i)] = sum;
  }
}
