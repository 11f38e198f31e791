#version 450
// variants: f32 bf16 f16 i32
// out[i] = x[i] in another dtype. The variant is that of x.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "units.glsl"

layout(constant_id = 1) const uint kTo = 0;  // 0 f32, 1 bf16, 2 f16, 3 i32

#ifdef I32
#undef T
#define T int
#endif

layout(binding = 0) readonly buffer X { T x[]; };
layout(binding = 0) readonly buffer XUnits { uvec4 x_units[]; };
layout(binding = 1) writeonly buffer OutUnits { uvec4 out_units[]; };
layout(binding = 1) writeonly buffer Out32 { float out_f32[]; };
layout(binding = 1) writeonly buffer OutB16 { uint16_t out_bf16[]; };
layout(binding = 1) writeonly buffer OutF16 { float16_t out_f16[]; };
layout(binding = 1) writeonly buffer OutI32 { int out_i32[]; };

layout(push_constant) uniform Push {
  uint ahead[2];
  uint n;
} push;

// Towards 0, within the range; NaN becomes 0.
int to_int(float v) {
  if (isnan(v)) return 0;
  if (v >= 2147483648.0) return 2147483647;
  if (v <= -2147483648.0) return int(0x80000000u);
  return int(v);
}

void main() {
  uint n_eights = 0;
#ifndef I32
  if (IS_ALIGNED(push.ahead[0] | push.ahead[1]) && kTo != 3) n_eights = push.n / 8;
  FOR_EACH(i, n_eights) {
    float values[8];
    [[unroll]] for (uint u = 0; u < 8 / kUnit; ++u) {
      float part[kUnit];
      unpack_unit(x_units[UNIT_AT(0, i * (8 / kUnit) + u)], part);
      FOR_UNIT(e) values[u * kUnit + e] = part[e];
    }
    STORE_EIGHT(out_units, 1, i, kTo, values)
  }
#endif
  FOR_REST(i, n_eights * 8, push.n) {
#ifdef I32
    int whole = x[AT(0, i)];
    float v = float(whole);
#else
    float v = LOAD(x[AT(0, i)]);
    int whole = kTo == 3 ? to_int(v) : 0;
#endif
    uint to = push.ahead[1];
    switch (kTo) {
      case 0: out_f32[(to >> 2) + i] = v; break;
      case 1: out_bf16[(to >> 1) + i] = uint16_t(bf16_bits(v)); break;
      case 2: out_f16[(to >> 1) + i] = float16_t(v); break;
      default: out_i32[(to >> 2) + i] = whole; break;
    }
  }
}
