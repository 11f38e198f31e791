#version 450
// variants: f32 bf16 f16
// dx of layer_norm (kIsRms = 0) and rms_norm.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"

layout(constant_id = 1) const uint kIsRms = 0;

layout(binding = 0) readonly buffer X { T x[]; };
layout(binding = 1) readonly buffer Weight { T weight[]; };
layout(binding = 2) readonly buffer Mean { float means[]; };
layout(binding = 3) readonly buffer Rstd { float rstds[]; };
layout(binding = 4) readonly buffer Dy { T dy[]; };
layout(binding = 5) writeonly buffer Dx { T dx[]; };

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
    FOR_EACH_COLUMN(j, push.n) {
      float g = LOAD(dy[AT(4, first + j)]) * LOAD(weight[AT(1, j)]);
      sum += g;
      sum_x += g * (LOAD(x[AT(0, first + j)]) - mean) * rstd;
    }
    sum = kIsRms != 0 ? 0.0 : workgroup_sum(sum) * per_n;
    sum_x = workgroup_sum(sum_x) * per_n;
    FOR_EACH_COLUMN(j, push.n) {
      float g = LOAD(dy[AT(4, first + j)]) * LOAD(weight[AT(1, j)]);
      float normal = (LOAD(x[AT(0, first + j)]) - mean) * rstd;
      dx[AT(5, first + j)] = STORE(rstd * (g - sum - normal * sum_x));
    }
  }
}
