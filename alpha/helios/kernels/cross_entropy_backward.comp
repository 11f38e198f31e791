#version 450
// variants: f32 bf16 f16
// dlogits = (softmax - onehot) · dloss / counted rows.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"
#include "units.glsl"

layout(constant_id = 1) const uint kTo = 0;  // dtype of dlogits: 0 f32, 1 bf16, 2 f16
layout(constant_id = 2) const uint kIsWhole = 0;  // rows are whole units, of eight numbers

layout(binding = 0) readonly buffer Logits { T logits[]; };
layout(binding = 0) readonly buffer LogitsUnits { uvec4 logits_units[]; };
layout(binding = 1) readonly buffer Targets { int targets[]; };
layout(binding = 2) readonly buffer Lse { float lses[]; };
layout(binding = 3) readonly buffer Dloss { float dloss[]; };
layout(binding = 4) readonly buffer Count { float count[]; };
layout(binding = 5) writeonly buffer OutUnits { uvec4 out_units[]; };
layout(binding = 5) writeonly buffer Out32 { float out_f32[]; };
layout(binding = 5) writeonly buffer OutB16 { uint16_t out_bf16[]; };
layout(binding = 5) writeonly buffer OutF16 { float16_t out_f16[]; };

layout(push_constant) uniform Push {
  uint ahead[6];
  uint n_rows;
  uint n;
  int ignored;
} push;

const uint kEight = 8;

// The gradient of the logit of column j.
#define GRADIENT(value, j) (counts ? (exp((value) - lse) - (int(j) == target ? 1.0 : 0.0)) * factor : 0.0)

void main() {
  float factor = dloss[AT32(3, 0)] / max(count[AT32(4, 0)], 1.0);
  FOR_EACH_ROW(row, push.n_rows) {
    uint first = row * push.n;
    int target = targets[AT32(1, row)];
    float lse = lses[AT32(2, row)];
    bool counts = target != push.ignored;
    if (kIsWhole != 0) {
      for (uint j = gl_LocalInvocationID.x * kEight; j < push.n; j += gl_WorkGroupSize.x * kEight) {
        float values[kEight];
        [[unroll]] for (uint u = 0; u < kEight / kUnit; ++u) {
          float part[kUnit];
          unpack_unit(logits_units[UNIT_AT(0, (first + j) / kUnit + u)], part);
          FOR_UNIT(e) values[u * kUnit + e] = GRADIENT(part[e], j + u * kUnit + e);
        }
        STORE_EIGHT(out_units, 5, (first + j) / kEight, kTo, values)
      }
      continue;
    }
    FOR_EACH_COLUMN(j, push.n) {
      float value = GRADIENT(LOAD(logits[AT(0, first + j)]), j);
      uint to = push.ahead[5];
      if (kTo == 0) out_f32[(to >> 2) + first + j] = value;
      if (kTo == 1) out_bf16[(to >> 1) + first + j] = uint16_t(bf16_bits(value));
      if (kTo == 2) out_f16[(to >> 1) + first + j] = float16_t(value);
    }
  }
}
