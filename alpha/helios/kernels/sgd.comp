#version 450
// variants: f32 bf16 f16
// One step of SGD, see tensor/ops/sgd.h. The variant is the dtype of everything but the copy.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "units.glsl"
#define COPY_BINDING 3
#include "optimizer.glsl"

layout(constant_id = 2) const uint kHasMomentum = 1;

layout(binding = 2) buffer M { T m[]; };
layout(binding = 2) buffer MUnits { uvec4 m_units[]; };

layout(push_constant) uniform Push {
  uint ahead[5];
  uint n;
  float momentum;
} push;

void update(float gradient, inout float p, inout float mean) {
  mean = push.momentum * mean + scale * gradient;
  p = p - decay * p - step * mean;
}

void main() {
  READ_RATES
  uint aheads = push.ahead[0] | push.ahead[1] | push.ahead[2] | push.ahead[3];
  uint n_units = HAS_COPY_UNITS && IS_ALIGNED(aheads) ? push.n / kUnit : 0;
  FOR_EACH(i, n_units) {
    float p[kUnit];
    float g[kUnit];
    float mean[kUnit];
    unpack_unit(parameter_units[UNIT_AT(0, i)], p);
    unpack_unit(gradient_units[UNIT_AT(1, i)], g);
    FOR_UNIT(e) mean[e] = 0.0;
    if (kHasMomentum != 0) unpack_unit(m_units[UNIT_AT(2, i)], mean);
    FOR_UNIT(e) update(g[e], p[e], mean[e]);
    parameter_units[UNIT_AT(0, i)] = pack_unit(p);
    if (kHasMomentum != 0) m_units[UNIT_AT(2, i)] = pack_unit(mean);
    WRITE_COPY_UNIT(i, p)
  }
  FOR_REST(i, n_units * kUnit, push.n) {
    float p = LOAD(parameters[AT(0, i)]);
    float mean = 0.0;
    if (kHasMomentum != 0) mean = LOAD(m[AT(2, i)]);
    update(LOAD(gradients[AT(1, i)]), p, mean);
    parameters[AT(0, i)] = STORE(p);
    if (kHasMomentum != 0) m[AT(2, i)] = STORE(mean);
    WRITE_COPY(i, p)
  }
}
