#version 450
// variants: f32 bf16 f16
// One AdamW step, see tensor/ops/adamw.h. The variant is the dtype of everything but the copy.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "units.glsl"
#define COPY_BINDING 4
#include "optimizer.glsl"

layout(binding = 2) buffer M { T m[]; };
layout(binding = 2) buffer MUnits { uvec4 m_units[]; };
layout(binding = 3) buffer V { T v[]; };
layout(binding = 3) buffer VUnits { uvec4 v_units[]; };

layout(push_constant) uniform Push {
  uint ahead[6];
  uint n;
  float beta1;
  float beta2;
  float rest1;        // 1 - β1
  float rest2;
  float eps;
} push;

void update(float gradient, inout float p, inout float first, inout float second) {
  float g = scale * gradient;
  p -= decay * p;
  first = push.beta1 * first + push.rest1 * g;
  second = push.beta2 * second + push.rest2 * g * g;
  p -= step * first / (sqrt(second * v_scale) + push.eps);
}

void main() {
  READ_RATES
  uint aheads = push.ahead[0] | push.ahead[1] | push.ahead[2] | push.ahead[3] | push.ahead[4];
  uint n_units = HAS_COPY_UNITS && IS_ALIGNED(aheads) ? push.n / kUnit : 0;
  FOR_EACH(i, n_units) {
    float p[kUnit];
    float g[kUnit];
    float first[kUnit];
    float second[kUnit];
    unpack_unit(parameter_units[UNIT_AT(0, i)], p);
    unpack_unit(gradient_units[UNIT_AT(1, i)], g);
    unpack_unit(m_units[UNIT_AT(2, i)], first);
    unpack_unit(v_units[UNIT_AT(3, i)], second);
    FOR_UNIT(e) update(g[e], p[e], first[e], second[e]);
    parameter_units[UNIT_AT(0, i)] = pack_unit(p);
    m_units[UNIT_AT(2, i)] = pack_unit(first);
    v_units[UNIT_AT(3, i)] = pack_unit(second);
    WRITE_COPY_UNIT(i, p)
  }
  FOR_REST(i, n_units * kUnit, push.n) {
    float p = LOAD(parameters[AT(0, i)]);
    float first = LOAD(m[AT(2, i)]);
    float second = LOAD(v[AT(3, i)]);
    update(LOAD(gradients[AT(1, i)]), p, first, second);
    parameters[AT(0, i)] = STORE(p);
    m[AT(2, i)] = STORE(first);
    v[AT(3, i)] = STORE(second);
    WRITE_COPY(i, p)
  }
}
