// f(x) and f'(x) of what stands between the products of a feed-forward block.

const float kGeluScale = 0.7978845608028654;  // √(2/π)
const float kGeluCube = 0.044715;

float gelu(float x) {
  return 0.5 * x * (1.0 + safe_tanh(kGeluScale * (x + kGeluCube * x * x * x)));
}

float gelu_derivative(float x) {
  float t = safe_tanh(kGeluScale * (x + kGeluCube * x * x * x));
  float inner = kGeluScale * (1.0 + 3.0 * kGeluCube * x * x);
  return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * inner;
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
