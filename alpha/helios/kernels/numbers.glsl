// Numbers and functions that do not depend on a kernel's dtype.
#define kInfinity uintBitsToFloat(0x7f800000u)
#define kNaN uintBitsToFloat(0x7fc00000u)

// The bits of the nearest bf16, ties to even; a NaN stays one.
uint bf16_bits(float x) {
  uint bits = floatBitsToUint(x);
  uint rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  bool is_nan = (bits & 0x7fffffffu) > 0x7f800000u;
  return is_nan ? (bits >> 16) | 0x40u : rounded;
}

// tanh as precise near 0 as far from it, without overflow.
float safe_tanh(float x) {
  float size = abs(x);
  float square = x * x;
  if (size < 0.2) {
    return x * (1.0 + square * (-1.0 / 3.0 + square * (2.0 / 15.0 + square * (-17.0 / 315.0 + square * (62.0 / 2835.0)))));
  }
  float value = 1.0 - 2.0 / (exp(2.0 * min(size, 15.0)) + 1.0);
  return isnan(x) ? x : (x < 0.0 ? -value : value);
}

float sigmoid(float x) {
  return 1.0 / (1.0 + exp(-x));
}
