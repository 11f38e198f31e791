#version 450
// variants: f32 bf16 f16
// out[i] = silu(gate[i]) up[i].
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "activations.glsl"
#include "units.glsl"

layout(binding = 0) readonly buffer Gate { T gate[]; };
layout(binding = 0) readonly buffer GateUnits { uvec4 gate_units[]; };
layout(binding = 1) readonly buffer Up { T up[]; };
layout(binding = 1) readonly buffer UpUnits { uvec4 up_units[]; };
layout(binding = 2) writeonly buffer Out { T result[]; };
layout(binding = 2) writeonly buffer OutUnits { uvec4 result_units[]; };

layout(push_constant) uniform Push {
  uint ahead[3];
  uint n;
} push;

void main() {
  uint n_units = IS_ALIGNED(push.ahead[0] | push.ahead[1] | push.ahead[2]) ? push.n / kUnit : 0;
  FOR_EACH(i, n_units) {
    float g[kUnit];
    float u[kUnit];
    unpack_unit(gate_units[UNIT_AT(0, i)], g);
    unpack_unit(up_units[UNIT_AT(1, i)], u);
    FOR_UNIT(e) u[e] *= silu(g[e]);
    result_units[UNIT_AT(2, i)] = pack_unit(u);
  }
  FOR_REST(i, n_units * kUnit, push.n) result[AT(2, i)] = STORE(silu(LOAD(gate[AT(0, i)])) * LOAD(up[AT(1, i)]));
}
