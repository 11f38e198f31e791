#version 450
// variants: f32 bf16 f16
// All gradients of layer_norm (kIsRms = 0) and rms_norm in one pass: dx, and for each workgroup the
// sums of its rows for dweight and dbias, part p of [n_parts, 2, n]. An invocation holds its units of
// a row and of the sums.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"
#include "units.glsl"

layout(constant_id = 1) const uint kIsRms = 0;
layout(constant_id = 2) const uint kIsWhole = 0;  // rows are whole units
layout(constant_id = 3) const uint kHeld = 1;     // units of an invocation

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
layout(binding = 6) writeonly buffer Parts { float parts[]; };

layout(push_constant) uniform Push {
  uint ahead[7];
  uint n_rows;
  uint n;
} push;

// The units of an invocation, and where each begins.
#define FOR_HELD(i, j) \
  [[unroll]] for (uint i = 0, j = gl_LocalInvocationID.x * kUnit; i < kHeld; ++i, j += gl_WorkGroupSize.x * kUnit) if (j < push.n)

void main() {
  float per_n = 1.0 / float(push.n);
  float factors[kHeld][kUnit];
  float dweight[kHeld][kUnit];
  float dbias[kHeld][kUnit];
  FOR_HELD(i, j) {
    LOAD_OF_ROW(weight, 1, 0, j, factors[i])
    FOR_UNIT(e) dweight[i][e] = 0.0;
    FOR_UNIT(e) dbias[i][e] = 0.0;
  }
  FOR_EACH_ROW(row, push.n_rows) {
    uint first = row * push.n;
    float mean = kIsRms != 0 ? 0.0 : means[AT32(2, row)];
    float rstd = rstds[AT32(3, row)];
    float normal[kHeld][kUnit];
    float d[kHeld][kUnit];
    // The means of g = dy · weight, and of g · x̂.
    float sum = 0.0;
    float sum_x = 0.0;
    FOR_HELD(i, j) {
      LOAD_OF_ROW(x, 0, first, j, normal[i])
      LOAD_OF_ROW(dy, 4, first, j, d[i])
      FOR_UNIT(e) {
        normal[i][e] = (normal[i][e] - mean) * rstd;
        sum += d[i][e] * factors[i][e];
        sum_x += d[i][e] * factors[i][e] * normal[i][e];
        dweight[i][e] += d[i][e] * normal[i][e];
        dbias[i][e] += d[i][e];
      }
    }
    sum = kIsRms != 0 ? 0.0 : workgroup_sum(sum) * per_n;
    sum_x = workgroup_sum(sum_x) * per_n;
    FOR_HELD(i, j) {
      FOR_UNIT(e) d[i][e] = rstd * (d[i][e] * factors[i][e] - sum - normal[i][e] * sum_x);
      STORE_OF_ROW(dx, 5, first, j, d[i])
    }
  }
  uint to = AT32(6, 2 * gl_WorkGroupID.x * push.n);
  FOR_HELD(i, j) {
    FOR_UNIT(e) {
      if (kIsWhole == 0 && j + e >= push.n) continue;
      parts[to + j + e] = dweight[i][e];
      parts[to + push.n + j + e] = dbias[i][e];
    }
  }
}
