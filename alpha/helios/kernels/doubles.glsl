// Doubles are bits: no device has to compute with them.

// The bits of a double that is a float of the normal range, 0, an infinity or a NaN, or the sum of
// such a pair, rounded towards 0.
uvec2 double_bits(vec2 pair) {
  uint bits = floatBitsToUint(pair.x);
  uint exponent = (bits >> 23) & 0xffu;
  uint sign = bits & 0x80000000u;
  if (exponent == 0xffu) return uvec2((bits & 0x7fffffu) << 29, sign | 0x7ff00000u | ((bits & 0x7fffffu) >> 3));
  if (exponent == 0) return uvec2(0, sign);  // too small to be of interest
  uint mantissa = bits & 0x7fffffu;
  uint high = (mantissa >> 3) | ((exponent + 896u) << 20) | sign;
  uint low = mantissa << 29;
  // The low part in units of 2^-29 of the last place of the high one.
  float unit = uintBitsToFloat(max(exponent, 53u) - 52u << 23);
  if (exponent > 53u && pair.y != 0.0) {
    float steps = pair.y / unit;
    if (steps >= 0.0) {
      uint add = uint(steps);
      uint before = low;
      low += add;
      if (low < before) high += 1u;
    } else {
      uint take = uint(-steps) + (fract(-steps) > 0.0 ? 1u : 0u);
      if (low < take) high -= 1u;
      low -= take;
    }
  }
  return uvec2(low, high);
}

bool is_finite(uvec2 bits) {
  return (bits.y & 0x7ff00000u) != 0x7ff00000u;
}

// a > b of doubles that are not negative and no NaNs.
bool is_greater(uvec2 a, uvec2 b) {
  return a.y > b.y || (a.y == b.y && a.x > b.x);
}
