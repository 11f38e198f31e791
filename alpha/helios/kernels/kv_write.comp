#version 450
// The keys and values of rows into the KV cache, laid out as tensor/ops/paged_attention.h says. An
// invocation an element of a row.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "paged.glsl"

layout(binding = 0) readonly buffer Qkv { float qkv[]; };
layout(binding = 1) readonly buffer Positions { int positions[]; };
layout(binding = 2) readonly buffer Sequences { int sequences[]; };
layout(binding = 3) readonly buffer Tables { int tables[]; };
layout(binding = 4) writeonly buffer Kv { float kv[]; };

layout(push_constant) uniform Push {
  uint ahead[5];
  uint n;  // rows · C
  PAGED_PARAMETERS
} push;

void main() {
  uint C = push.H * push.D;
  FOR_EACH(i, push.n) {
    uint row = i / C;
    uint h = i % C / push.D;
    uint d = i % push.D;
    uint position = uint(positions[AT32(1, row)]);
    uint id = uint(tables[AT32(3, uint(sequences[AT32(2, row)]) * push.max_blocks + position / kBlock)]);
    uint head = HEAD_OF(id, h);
    kv[AT32(4, head + KEY_AT(position % kBlock, d))] = qkv[AT32(0, row * 3 * C + C + i % C)];
    kv[AT32(4, head + VALUE_AT(position % kBlock, d))] = qkv[AT32(0, row * 3 * C + 2 * C + i % C)];
  }
}
