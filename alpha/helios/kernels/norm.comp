#version 450
// variants: f32 bf16 f16
// layer_norm (kIsRms = 0) and rms_norm of rows [n_rows, n].
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"

layout(constant_id = 1) const uint kIsRms = 0;
layout(constant_id = 2) const uint kHasBias = 0;

layout(binding = 0) readonly buffer X { T x[]; };
layout(binding = 1) readonly buffer Weight { T weight[]; };
layout(binding = 2) readonly buffer Bias { T bias[]; };
layout(binding = 3) writeonly buffer Out { T result[]; };
layout(binding = 4) writeonly buffer Mean { float means[]; };
layout(binding = 5) writeonly buffer Rstd { float rstds[]; };

layout(push_constant) uniform Push {
  uint ahead[6];
  uint n_rows;
  uint n;
  float eps;
} push;

void main() {
  float per_n = 1.0 / float(push.n);
  FOR_EACH_ROW(row, push.n_rows) {
    uint first = row * push.n;
    float mean = 0.0;
    if (kIsRms == 0) {
      FOR_EACH_COLUMN(j, push.n) mean += LOAD(x[AT(0, first + j)]);
      mean = workgroup_sum(mean) * per_n;
    }
    float variance = 0.0;
    FOR_EACH_COLUMN(j, push.n) {
      float centred = LOAD(x[AT(0, first + j)]) - mean;
      variance += centred * centred;
    }
    variance = workgroup_sum(variance) * per_n;
    float rstd = inversesqrt(variance + push.eps);
    FOR_EACH_COLUMN(j, push.n) {
      float value = (LOAD(x[AT(0, first + j)]) - mean) * rstd * LOAD(weight[AT(1, j)]);
      if (kHasBias != 0) value += LOAD(bias[AT(2, j)]);
      result[AT(3, first + j)] = STORE(value);
    }
    if (gl_LocalInvocationID.x == 0) {
      if (kIsRms == 0) means[AT32(4, row)] = mean;
      rstds[AT32(5, row)] = rstd;
    }
  }
}
