#version 450
// A matrix [rows, columns] of 16-bit numbers with zeros around it: [.., padded_columns], whose columns
// are whole units. An invocation a unit.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(binding = 0) readonly buffer X { uint16_t x[]; };
layout(binding = 1) writeonly buffer Out { uvec4 result[]; };

layout(push_constant) uniform Push {
  uint ahead[2];
  uint n;  // units
  uint rows;
  uint columns;
  uint units_per_row;
} push;

void main() {
  FOR_EACH(i, push.n) {
    uint row = i / push.units_per_row;
    uint column = i % push.units_per_row * 8;
    uint first = (push.ahead[0] >> 1) + row * push.columns + column;
    uint there = row < push.rows && column < push.columns ? min(push.columns - column, 8u) : 0;
    uvec4 unit = uvec4(0);
    [[unroll]] for (uint e = 0; e < 8; ++e) {
      if (e < there) unit[e / 2] |= uint(x[first + e]) << (e % 2 * 16);
    }
    result[(push.ahead[1] >> 4) + i] = unit;
  }
}
