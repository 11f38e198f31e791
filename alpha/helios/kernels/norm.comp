#version 450
// variants: f32 bf16 f16
// layer_norm (kIsRms = 0) and rms_norm of rows [n_rows, n].
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"
#include "units.glsl"

layout(constant_id = 1) const uint kIsRms = 0;
layout(constant_id = 2) const uint kHasBias = 0;
layout(constant_id = 3) const uint kIsWhole = 0;  // rows are whole units

layout(binding = 0) readonly buffer X { T x[]; };
layout(binding = 0) readonly buffer XUnits { uvec4 x_units[]; };
layout(binding = 1) readonly buffer Weight { T weight[]; };
layout(binding = 1) readonly buffer WeightUnits { uvec4 weight_units[]; };
layout(binding = 2) readonly buffer Bias { T bias[]; };
layout(binding = 2) readonly buffer BiasUnits { uvec4 bias_units[]; };
layout(binding = 3) writeonly buffer Out { T result[]; };
layout(binding = 3) writeonly buffer OutUnits { uvec4 result_units[]; };
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
      FOR_EACH_UNIT(j, push.n) {
        float values[kUnit];
        LOAD_OF_ROW(x, 0, first, j, values)
        FOR_UNIT(e) mean += values[e];
      }
      mean = workgroup_sum(mean) * per_n;
    }
    float variance = 0.0;
    FOR_EACH_UNIT(j, push.n) {
      float values[kUnit];
      LOAD_OF_ROW(x, 0, first, j, values)
      FOR_UNIT(e) {
        float centred = kIsWhole != 0 || j + e < push.n ? values[e] - mean : 0.0;
        variance += centred * centred;
      }
    }
    variance = workgroup_sum(variance) * per_n;
    float rstd = inversesqrt(variance + push.eps);
    FOR_EACH_UNIT(j, push.n) {
      float values[kUnit];
      float factors[kUnit];
      LOAD_OF_ROW(x, 0, first, j, values)
      LOAD_OF_ROW(weight, 1, 0, j, factors)
      FOR_UNIT(e) values[e] = (values[e] - mean) * rstd * factors[e];
      if (kHasBias != 0) {
        LOAD_OF_ROW(bias, 2, 0, j, factors)
        FOR_UNIT(e) values[e] += factors[e];
      }
      STORE_OF_ROW(result, 3, first, j, values)
    }
    if (gl_LocalInvocationID.x == 0) {
      if (kIsRms == 0) means[AT32(4, row)] = mean;
      rstds[AT32(5, row)] = rstd;
    }
  }
}
