#version 450
// variants: f32 bf16 f16
// out[i] = Σ of x over the positions of a box: a workgroup a result.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"

layout(constant_id = 1) const uint kIsAccumulating = 0;
layout(constant_id = 2) const uint kIsOut32 = 1;

const uint kAxes = 3;  // of a box, once neighbours are joined

layout(binding = 0) readonly buffer X { T x[]; };
layout(binding = 1) buffer Out32 { float out32[]; };
layout(binding = 1) buffer OutT { T out_t[]; };

layout(push_constant) uniform Push {
  uint ahead[2];
  uint n_results;
  uint n_summed;
  uint kept_sizes[kAxes];
  uint kept_strides[kAxes];
  uint sizes[kAxes];
  uint strides[kAxes];
} push;

// Axes that are not there have size 1.
#define PLACE(at, index, axis_sizes, axis_strides)                       \
  {                                                                      \
    uint rest_ = (index);                                                \
    at = 0;                                                              \
    [[unroll]] for (int axis_ = int(kAxes) - 1; axis_ >= 0; --axis_) {   \
      uint above_ = rest_ / axis_sizes[axis_];                           \
      at += (rest_ - above_ * axis_sizes[axis_]) * axis_strides[axis_];  \
      rest_ = above_;                                                    \
    }                                                                    \
  }

void main() {
  FOR_EACH_ROW(i, push.n_results) {
    uint first;
    PLACE(first, i, push.kept_sizes, push.kept_strides)
    float sum = 0.0;
    FOR_EACH_COLUMN(j, push.n_summed) {
      uint at;
      PLACE(at, j, push.sizes, push.strides)
      sum += LOAD(x[AT(0, first + at)]);
    }
    sum = workgroup_sum(sum);
    if (gl_LocalInvocationID.x != 0) continue;
    if (kIsOut32 != 0) {
      uint to = AT32(1, i);
      out32[to] = kIsAccumulating != 0 ? out32[to] + sum : sum;
    } else {
      uint to = AT(1, i);
      out_t[to] = STORE(kIsAccumulating != 0 ? LOAD(out_t[to]) + sum : sum);
    }
  }
}
