#version 450
// variants: f32 bf16 f16
// dx from the result y of softmax or log_softmax; lines as in softmax.comp.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"

layout(constant_id = 1) const uint kIsLog = 0;

layout(binding = 0) readonly buffer Y { T y[]; };
layout(binding = 1) readonly buffer Dy { T dy[]; };
layout(binding = 2) writeonly buffer Dx { T dx[]; };

layout(push_constant) uniform Push {
  uint ahead[3];
  uint n_lines;
  uint n;
  uint inner;
} push;

void main() {
  FOR_EACH_ROW(line, push.n_lines) {
    uint first = line / push.inner * push.n * push.inner + line % push.inner;
    float sum = 0.0;
    FOR_EACH_COLUMN(j, push.n) {
      uint at = first + j * push.inner;
      float d = LOAD(dy[AT(1, at)]);
      sum += kIsLog != 0 ? d : d * LOAD(y[AT(0, at)]);
    }
    sum = workgroup_sum(sum);
    FOR_EACH_COLUMN(j, push.n) {
      uint at = first + j * push.inner;
      float d = LOAD(dy[AT(1, at)]);
      float v = LOAD(y[AT(0, at)]);
      dx[AT(2, at)] = STORE(kIsLog != 0 ? d - exp(v) * sum : v * (d - sum));
    }
  }
}
