// f(x) and f'(x) of what stands between the products of a feed-forward block.

// gelu by tanh, as (1 + tanh u) / 2 = sigmoid(2u): 2u = x (kGeluLinear + kGeluCubic x²).
const float kGeluLinear = 1.5957691216057308;  // 2 √(2/π)
const float kGeluCubic = 0.07135481627260025;  // 0.044715 of that

float gelu(float x) {
  return x * sigmoid(x * (kGeluLinear + kGeluCubic * x * x));
}

float gelu_derivative(float x) {
  // Where x is far from 0 the slope is 0 or 1, whatever the square overflows to.
  float near = clamp(x, -16.0, 16.0);
  float s = sigmoid(near * (kGeluLinear + kGeluCubic * near * near));
  float slope = s + near * s * (1.0 - s) * (kGeluLinear + 3.0 * kGeluCubic * near * near);
  return isnan(x) ? x : slope;
}

float silu(float x) {
  return x * sigmoid(x);
}

float silu_derivative(float x) {
  float s = sigmoid(x);
  return s * (1.0 + x * (1.0 - s));
}

float relu(float x) {
  return x > 0.0 ? x : 0.0;
}

float relu_derivative(float x) {
  return x > 0.0 ? 1.0 : 0.0;
}

// By the number that the host gives it: 0 none, 1 gelu, 2 relu, 3 silu.
float activate(uint which, float x) {
  switch (which) {
    case 1: return gelu(x);
    case 2: return relu(x);
    case 3: return silu(x);
    default: return x;
  }
}
