#version 450
// variants: f32 bf16 f16
// The loss of each row of logits [n_rows, n]; 0 for a row that does not count.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"
#include "units.glsl"

layout(constant_id = 1) const uint kIsWhole = 0;  // rows are whole units

layout(push_constant) uniform Push {
  uint ahead[3];
  uint n_rows;
  uint n;
  int ignored;
} push;

#include "cross_entropy.glsl"

void main() {
  FOR_EACH_ROW(row, push.n_rows) {
    uint first = row * push.n;
    Softmax softmax = softmax_of_row(first);
    if (gl_LocalInvocationID.x == 0) store_loss(row, first, targets[AT32(1, row)], softmax);
  }
}
