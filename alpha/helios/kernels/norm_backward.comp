#version 450
// variants: f32 bf16 f16
// dx of layer_norm (kIsRms = 0) and rms_norm.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"
#include "units.glsl"

layout(constant_id = 1) const uint kIsRms = 0;
layout(constant_id = 2) const uint kIsWhole = 0;  // rows are whole units

layout(binding = 0) readonly buffer X { T x[]; };
layout(binding = 0) readonly buffer XUnits { uvec4 x_units[]; };
layout(binding = 1) readonly buffer Weight { T weight[]; };
layout(binding = 1) readonly buffer WeightUnits { uvec4 weight_units[]; };
layout(binding = 2) readonly buffer Mean { float means[]; };
layout(binding = 3) readonly buffer Rstd { float rstds[]; };
layout(binding = 4) readonly buffer Dy { T dy[]; };
layout(binding = 4) readonly buffer DyUnits { uvec4 dy_units[]; };
layout(binding = 5) writeonly buffer Dx { T dx[]; };
layout(binding = 5) writeonly buffer DxUnits { uvec4 dx_units[]; };

layout(push_constant) uniform Push {
  uint ahead[6];
  uint n_rows;
  uint n;
} push;

void main() {
  float per_n = 1.0 / float(push.n);
  FOR_EACH_ROW(row, push.n_rows) {
    uint first = row * push.n;
    float mean = kIsRms != 0 ? 0.0 : means[AT32(2, row)];
    float rstd = rstds[AT32(3, row)];
    // The means of g = dy · weight, and of g · x̂.
    float sum = 0.0;
    float sum_x = 0.0;
    FOR_EACH_UNIT(j, push.n) {
      float g[kUnit];
      float factors[kUnit];
      float values[kUnit];
      LOAD_OF_ROW(dy, 4, first, j, g)
      LOAD_OF_ROW(weight, 1, 0, j, factors)
      LOAD_OF_ROW(x, 0, first, j, values)
      FOR_UNIT(e) {
        g[e] *= factors[e];
        sum += g[e];
        sum_x += g[e] * (values[e] - mean) * rstd;
      }
    }
    sum = kIsRms != 0 ? 0.0 : workgroup_sum(sum) * per_n;
    sum_x = workgroup_sum(sum_x) * per_n;
    FOR_EACH_UNIT(j, push.n) {
      float g[kUnit];
      float factors[kUnit];
      float values[kUnit];
      LOAD_OF_ROW(dy, 4, first, j, g)
      LOAD_OF_ROW(weight, 1, 0, j, factors)
      LOAD_OF_ROW(x, 0, first, j, values)
      FOR_UNIT(e) values[e] = rstd * (g[e] * factors[e] - sum - (values[e] - mean) * rstd * sum_x);
      STORE_OF_ROW(dx, 5, first, j, values)
    }
  }
}
