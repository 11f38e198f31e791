#version 450
// variants: f32 bf16 f16
// Sums over rows for dweight and dbias: part p of [n_parts, 2, n] has those of rows p · rows_per_part
// and on. An invocation has a column.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(constant_id = 1) const uint kIsRms = 0;

layout(binding = 0) readonly buffer X { T x[]; };
layout(binding = 1) readonly buffer Mean { float means[]; };
layout(binding = 2) readonly buffer Rstd { float rstds[]; };
layout(binding = 3) readonly buffer Dy { T dy[]; };
layout(binding = 4) writeonly buffer Parts { float parts[]; };

layout(push_constant) uniform Push {
  uint ahead[5];
  uint n_rows;
  uint n;
  uint rows_per_part;
} push;

void main() {
  uint column = gl_GlobalInvocationID.x;
  if (column >= push.n) return;
  uint part = gl_WorkGroupID.y;
  uint begin = part * push.rows_per_part;
  uint end = min(begin + push.rows_per_part, push.n_rows);
  float dweight = 0.0;
  float dbias = 0.0;
  for (uint row = begin; row < end; ++row) {
    float mean = kIsRms != 0 ? 0.0 : means[AT32(1, row)];
    float d = LOAD(dy[AT(3, row * push.n + column)]);
    dweight += d * (LOAD(x[AT(0, row * push.n + column)]) - mean) * rstds[AT32(2, row)];
    dbias += d;
  }
  parts[AT32(4, (2 * part) * push.n + column)] = dweight;
  parts[AT32(4, (2 * part + 1) * push.n + column)] = dbias;
}
