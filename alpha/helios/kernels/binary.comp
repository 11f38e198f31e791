#version 450
// variants: f32 bf16 f16 i32
// out[i] = a ∘ b, both walked by strides that are 0 where they broadcast.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "strided.glsl"
#include "units.glsl"

layout(constant_id = 1) const uint kFunction = 0;

#ifdef I32
#define NUMBER int
#undef T
#define T int
#else
#define NUMBER float
#endif

layout(binding = 0) readonly buffer A { T a[]; };
layout(binding = 0) readonly buffer AUnits { uvec4 a_units[]; };
layout(binding = 1) readonly buffer B { T b[]; };
layout(binding = 1) readonly buffer BUnits { uvec4 b_units[]; };
layout(binding = 2) writeonly buffer Out { T result[]; };
layout(binding = 2) writeonly buffer OutUnits { uvec4 result_units[]; };

layout(push_constant) uniform Push {
  uint ahead[3];
  uint n;
  uint rank;
  uint sizes[kMaxRank];
  uint a_strides[kMaxRank];
  uint b_strides[kMaxRank];
} push;

NUMBER apply(NUMBER v, NUMBER w) {
  switch (kFunction) {
    case 0: return v + w;
    case 1: return v - w;
    case 2: return v * w;
    default: return v / w;
  }
}

void main() {
  uint n_units = 0;
#ifndef I32
  bool is_flat = push.rank == 1 && push.a_strides[0] == 1 && push.b_strides[0] == 1;
  // Or b is added to each of many rows.
  uint row = push.rank == 2 ? push.sizes[1] : 0xffffffffu;
  bool is_row = push.rank == 2 && push.a_strides[0] == row && push.a_strides[1] == 1 && push.b_strides[0] == 0 &&
      push.b_strides[1] == 1 && row % kUnit == 0;
  if ((is_flat || is_row) && IS_ALIGNED(push.ahead[0] | push.ahead[1] | push.ahead[2])) n_units = push.n / kUnit;
  FOR_EACH(i, n_units) {
    float v[kUnit];
    float w[kUnit];
    unpack_unit(a_units[UNIT_AT(0, i)], v);
    unpack_unit(b_units[UNIT_AT(1, is_row ? i % (row / kUnit) : i)], w);
    FOR_UNIT(e) v[e] = apply(v[e], w[e]);
    result_units[UNIT_AT(2, i)] = pack_unit(v);
  }
#endif
  FOR_REST(i, n_units * kUnit, push.n) {
    uint at_a, at_b;
    WALK(i, at_a, push.a_strides)
    WALK(i, at_b, push.b_strides)
    result[AT(2, i)] = STORE(apply(LOAD(a[AT(0, at_a)]), LOAD(b[AT(1, at_b)])));
  }
}
