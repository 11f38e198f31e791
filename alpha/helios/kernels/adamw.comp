#version 450
// variants: f32 bf16 f16
// One AdamW step, see tensor/ops/adamw.h. The variant is the dtype of everything but the copy.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(constant_id = 1) const uint kCopy = 0;  // 0 none, 1 f32, 2 bf16, 3 f16

layout(binding = 0) buffer Parameters { T parameters[]; };
layout(binding = 1) readonly buffer Gradients { T gradients[]; };
layout(binding = 2) buffer M { T m[]; };
layout(binding = 3) buffer V { T v[]; };
layout(binding = 4) writeonly buffer CopyB { uint16_t copy_bf16[]; };
layout(binding = 4) writeonly buffer CopyH { float16_t copy_f16[]; };
layout(binding = 4) writeonly buffer CopyF { float copy_f32[]; };

layout(push_constant) uniform Push {
  uint ahead[5];
  uint n;
  float decay;        // lr · weight_decay
  float step;         // lr / bias_correction1
  float beta1;
  float beta2;
  float rest1;        // 1 - β1
  float rest2;
  float v_scale;      // 1 / bias_correction2
  float eps;
  float grad_scale;
} push;

void main() {
  FOR_EACH(i, push.n) {
    float g = push.grad_scale * LOAD(gradients[AT(1, i)]);
    float p = LOAD(parameters[AT(0, i)]);
    p -= push.decay * p;
    float first = push.beta1 * LOAD(m[AT(2, i)]) + push.rest1 * g;
    float second = push.beta2 * LOAD(v[AT(3, i)]) + push.rest2 * g * g;
    p -= push.step * first / (sqrt(second * push.v_scale) + push.eps);
    parameters[AT(0, i)] = STORE(p);
    m[AT(2, i)] = STORE(first);
    v[AT(3, i)] = STORE(second);
    uint to = push.ahead[4];
    if (kCopy == 2) copy_bf16[(to >> 1) + i] = uint16_t(bf16_bits(p));
    if (kCopy == 3) copy_f16[(to >> 1) + i] = float16_t(p);
    if (kCopy == 1) copy_f32[(to >> 2) + i] = p;
  }
}
