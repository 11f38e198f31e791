#version 450
// variants: f32 bf16 f16
// dgate = dy up silu'(gate), dup = dy silu(gate).
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "activations.glsl"
#include "units.glsl"

layout(binding = 0) readonly buffer Gate { T gate[]; };
layout(binding = 0) readonly buffer GateUnits { uvec4 gate_units[]; };
layout(binding = 1) readonly buffer Up { T up[]; };
layout(binding = 1) readonly buffer UpUnits { uvec4 up_units[]; };
layout(binding = 2) readonly buffer Dy { T dy[]; };
layout(binding = 2) readonly buffer DyUnits { uvec4 dy_units[]; };
layout(binding = 3) writeonly buffer Dgate { T dgate[]; };
layout(binding = 3) writeonly buffer DgateUnits { uvec4 dgate_units[]; };
layout(binding = 4) writeonly buffer Dup { T dup[]; };
layout(binding = 4) writeonly buffer DupUnits { uvec4 dup_units[]; };

layout(push_constant) uniform Push {
  uint ahead[5];
  uint n;
} push;

void main() {
  uint aheads = push.ahead[0] | push.ahead[1] | push.ahead[2] | push.ahead[3] | push.ahead[4];
  uint n_units = IS_ALIGNED(aheads) ? push.n / kUnit : 0;
  FOR_EACH(i, n_units) {
    float g[kUnit];
    float u[kUnit];
    float d[kUnit];
    unpack_unit(gate_units[UNIT_AT(0, i)], g);
    unpack_unit(up_units[UNIT_AT(1, i)], u);
    unpack_unit(dy_units[UNIT_AT(2, i)], d);
    FOR_UNIT(e) u[e] *= d[e] * silu_derivative(g[e]);
    dgate_units[UNIT_AT(3, i)] = pack_unit(u);
    FOR_UNIT(e) d[e] *= silu(g[e]);
    dup_units[UNIT_AT(4, i)] = pack_unit(d);
  }
  FOR_REST(i, n_units * kUnit, push.n) {
    float g = LOAD(gate[AT(0, i)]);
    float u = LOAD(up[AT(1, i)]);
    float d = LOAD(dy[AT(2, i)]);
    dgate[AT(3, i)] = STORE(d * u * silu_derivative(g));
    dup[AT(4, i)] = STORE(d * silu(g));
  }
}
