#version 450
// variants: bf16 f16
// delta = Σ dout · out of each query and head: an invocation each, of neighbouring heads in memory.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "numbers.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint kChunks = 8;  // of 16 bytes, of a head

layout(binding = 0) readonly buffer Out { uvec4 forward[]; };
layout(binding = 1) readonly buffer Dout { uvec4 dout[]; };
layout(binding = 2) writeonly buffer Delta { float delta[]; };

layout(push_constant) uniform Push {
  uint ahead[3];
  uint n;  // B · T · H
  uint T_;
  uint H;
} push;

#if defined(BF16)
vec2 pair_of(uint bits) { return vec2(uintBitsToFloat(bits << 16), uintBitsToFloat(bits & 0xffff0000u)); }
#else
vec2 pair_of(uint bits) { return unpackHalf2x16(bits); }
#endif

void main() {
  for (uint i = gl_GlobalInvocationID.x; i < push.n; i += gl_NumWorkGroups.x * gl_WorkGroupSize.x) {
    vec2 sum = vec2(0.0);
    [[unroll]] for (uint c = 0; c < kChunks; ++c) {
      uvec4 x = forward[(push.ahead[0] >> 4) + i * kChunks + c];
      uvec4 y = dout[(push.ahead[1] >> 4) + i * kChunks + c];
      [[unroll]] for (uint e = 0; e < 4; ++e) sum += pair_of(x[e]) * pair_of(y[e]);
    }
    uint t = i / push.H % push.T_;
    uint b = i / push.H / push.T_;
    delta[(push.ahead[2] >> 2) + (b * push.H + i % push.H) * push.T_ + t] = sum.x + sum.y;
  }
}
