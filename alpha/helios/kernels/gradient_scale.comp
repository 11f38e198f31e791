#version 450
// variants: f32 bf16 f16
// What gradients count in a step, see tensor/ops/gradient_scale.h. The variant is the losses' dtype. One
// workgroup.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"
#include "doubles.glsl"

layout(binding = 0) readonly buffer Losses { T losses[]; };
layout(binding = 1) readonly buffer Squares { uvec2 squares_[]; };
layout(binding = 2) writeonly buffer Scale { float scale_[]; };
layout(binding = 3) writeonly buffer Report { uvec2 report[]; };

layout(push_constant) uniform Push {
  uint ahead[4];
  uint n;
  float clip;  // in [0.5, 1), times 2^clip_exponent
  int clip_exponent;
  uint most_unclipped[2];  // bits of the largest sum of squares that is not clipped
  uint most_unskipped[2];  // or skipped
} push;

#define DOUBLE_AT(k, i) ((push.ahead[k] >> 3) + (i))

const float kSmallest = 1.17549435e-38;  // 2^-126

// clip / √squares, with exponents apart: they are a double's.
float clipped(uvec2 squares) {
  int exponent = int(squares.y >> 20) - 1023;
  uint mantissa = (squares.y & 0xfffffu) << 3 | squares.x >> 29;
  float part = uintBitsToFloat(0x3f800000u | mantissa) * ((exponent & 1) != 0 ? 2.0 : 1.0);
  int power = push.clip_exponent - (exponent >> 1);
  if (power < -125) return kSmallest;
  return max(push.clip / sqrt(part) * uintBitsToFloat(uint(127 + power) << 23), kSmallest);
}

float scale_of(uvec2 squares) {
  if (!is_finite(squares) || is_greater(squares, uvec2(push.most_unskipped[0], push.most_unskipped[1]))) return 0.0;
  if (is_greater(squares, uvec2(push.most_unclipped[0], push.most_unclipped[1]))) return clipped(squares);
  return 1.0;
}

void main() {
  float n_not_finite = 0.0;
  FOR_EACH_COLUMN(i, push.n) {
    uvec2 loss = double_bits(vec2(LOAD(losses[AT(0, i)]), 0.0));
    report[DOUBLE_AT(3, i)] = loss;
    if (!is_finite(loss)) n_not_finite += 1.0;
  }
  n_not_finite = workgroup_sum(n_not_finite);
  if (gl_LocalInvocationID.x != 0) return;
  uvec2 squares = squares_[DOUBLE_AT(1, 0)];
  float scale = n_not_finite > 0.0 ? 0.0 : scale_of(squares);
  report[DOUBLE_AT(3, push.n)] = squares;
  report[DOUBLE_AT(3, push.n + 1)] = double_bits(vec2(scale, 0.0));
  scale_[AT32(2, 0)] = scale;
}
