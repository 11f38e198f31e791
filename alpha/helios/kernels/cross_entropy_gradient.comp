#version 450
// variants: f32 bf16 f16
// The loss of each row of logits [n_rows, n], and dlogits = (softmax - onehot) · dloss / counted rows.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"
#include "units.glsl"

layout(constant_id = 1) const uint kIsWhole = 0;  // rows are whole units, of eight numbers
layout(constant_id = 2) const uint kTo = 0;       // dtype of dlogits: 0 f32, 1 bf16, 2 f16

layout(push_constant) uniform Push {
  uint ahead[5];
  uint n_rows;
  uint n;
  int ignored;
  float dloss;
} push;

#include "cross_entropy.glsl"

layout(binding = 3) readonly buffer Count { float count[]; };
layout(binding = 4) writeonly buffer OutUnits { uvec4 out_units[]; };
layout(binding = 4) writeonly buffer Out32 { float out_f32[]; };
layout(binding = 4) writeonly buffer OutB16 { uint16_t out_bf16[]; };
layout(binding = 4) writeonly buffer OutF16 { float16_t out_f16[]; };

const uint kEight = 8;

// The gradient of the logit of column j.
#define GRADIENT(value, j) (counts ? (exp((value) - softmax.shift) * inverse - (int(j) == target ? 1.0 : 0.0)) * factor : 0.0)

// From the end of a row to its beginning: what was read last is most likely still in a cache.
#define FOR_EACH_BACKWARDS(j, n, n_each)                                                                       \
  for (uint j_ = ((n) + gl_WorkGroupSize.x * (n_each) - 1) / (gl_WorkGroupSize.x * (n_each)), j; j_ > 0; --j_) \
    if ((j = ((j_ - 1) * gl_WorkGroupSize.x + gl_LocalInvocationID.x) * (n_each)) < (n))

void main() {
  float factor = push.dloss / max(count[AT32(3, 0)], 1.0);
  FOR_EACH_ROW(row, push.n_rows) {
    uint first = row * push.n;
    int target = targets[AT32(1, row)];
    bool counts = target != push.ignored;
    Softmax softmax = softmax_of_row(first);
    if (gl_LocalInvocationID.x == 0) store_loss(row, first, target, softmax);
    float inverse = 1.0 / softmax.sum;
    if (kIsWhole != 0) {
      FOR_EACH_BACKWARDS(j, push.n, kEight) {
        float values[kEight];
        [[unroll]] for (uint u = 0; u < kEight / kUnit; ++u) {
          float part[kUnit];
          unpack_unit(logits_units[UNIT_AT(0, (first + j) / kUnit + u)], part);
          FOR_UNIT(e) values[u * kUnit + e] = GRADIENT(part[e], j + u * kUnit + e);
        }
        STORE_EIGHT(out_units, 4, (first + j) / kEight, kTo, values)
      }
      continue;
    }
    FOR_EACH_BACKWARDS(j, push.n, 1) {
      float value = GRADIENT(LOAD(logits[AT(0, first + j)]), j);
      uint to = push.ahead[4];
      if (kTo == 0) out_f32[(to >> 2) + first + j] = value;
      if (kTo == 1) out_bf16[(to >> 1) + first + j] = uint16_t(bf16_bits(value));
      if (kTo == 2) out_f16[(to >> 1) + first + j] = float16_t(value);
    }
  }
}
