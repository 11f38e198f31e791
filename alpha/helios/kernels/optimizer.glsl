// What optimizers share: parameters at binding 0, gradients at binding 1, at binding COPY_BINDING a
// copy of the parameters for products, which may be of another dtype, behind it the scale, and last
// what changes from step to step.
layout(constant_id = 1) const uint kCopy = 0;  // 0 none, 1 f32, 2 bf16, 3 f16

layout(binding = 0) buffer Parameters { T parameters[]; };
layout(binding = 0) buffer ParameterUnits { uvec4 parameter_units[]; };
layout(binding = 1) readonly buffer Gradients { T gradients[]; };
layout(binding = 1) readonly buffer GradientUnits { uvec4 gradient_units[]; };
layout(binding = COPY_BINDING) writeonly buffer CopyB { uint16_t copy_bf16[]; };
layout(binding = COPY_BINDING) writeonly buffer CopyH { float16_t copy_f16[]; };
layout(binding = COPY_BINDING) writeonly buffer CopyF { float copy_f32[]; };
layout(binding = COPY_BINDING) writeonly buffer CopyPairs { uvec2 copy_pairs[]; };
layout(binding = COPY_BINDING + 1) readonly buffer Scale { float scale_[]; };
layout(binding = COPY_BINDING + 2) readonly buffer Rates { float decay_; float step_; float v_scale_; };

float scale;    // what gradients count; 0: the step is skipped
float decay;    // lr · weight_decay
float step;     // lr; of AdamW lr / bias_correction1
float v_scale;  // of AdamW 1 / bias_correction2

#define READ_RATES                           \
  scale = scale_[AT32(COPY_BINDING + 1, 0)]; \
  if (scale == 0.0) return;                  \
  decay = decay_;                            \
  step = step_;                              \
  v_scale = v_scale_;

// Element i of the copy.
#define WRITE_COPY(i, p)                                                                           \
  {                                                                                                \
    uint to_ = push.ahead[COPY_BINDING];                                                           \
    if (kCopy == 1) copy_f32[(to_ >> 2) + (i)] = p;                                                \
    if (kCopy == 2) copy_bf16[(to_ >> 1) + (i)] = uint16_t(bf16_bits(p));                          \
    if (kCopy == 3) copy_f16[(to_ >> 1) + (i)] = float16_t(p);                                     \
  }

// Whether units are written, and unit i of the copy: of f32 parameters, to 16 bits or none.
#define HAS_COPY_UNITS (kUnit == 4 && kCopy != 1)
#define WRITE_COPY_UNIT(i, p)                                                                      \
  {                                                                                                \
    vec2 low_ = vec2(p[0], p[1]);                                                                  \
    vec2 high_ = vec2(p[2], p[3]);                                                                 \
    uint to_ = (push.ahead[COPY_BINDING] >> 3) + (i);                                              \
    if (kCopy == 2) copy_pairs[to_] = uvec2(bf16_word(low_), bf16_word(high_));                    \
    if (kCopy == 3) copy_pairs[to_] = uvec2(packHalf2x16(low_), packHalf2x16(high_));              \
  }
