// The activation of eight 16-bit values at once.
#include "numbers.glsl"
#include "activations.glsl"

uint activate_two(uint both) {
  if (kTo == 2) {
    vec2 v = unpackHalf2x16(both);
    return packHalf2x16(vec2(activate(kActivation, v.x), activate(kActivation, v.y)));
  }
  uint low = bf16_bits(activate(kActivation, uintBitsToFloat(both << 16)));
  uint high = bf16_bits(activate(kActivation, uintBitsToFloat(both & 0xffff0000u)));
  return low | (high << 16);
}

uvec4 activate_eight(uvec4 values) {
  return uvec4(activate_two(values.x), activate_two(values.y), activate_two(values.z), activate_two(values.w));
}
