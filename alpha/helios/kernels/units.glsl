// Units of 16 bytes: what an invocation reads and writes at once of tensors that are read once. A
// buffer is declared twice, as elements (x) and as units (x_units); which of them is used where a
// tensor begins at any place is one question per kernel.
#if defined(BF16) || defined(F16)
#define kUnit 8
#else
#define kUnit 4
#endif

// Whether tensors begin at whole units: the bytes ahead of all of them, ored.
#define IS_ALIGNED(aheads) (((aheads) & 15u) == 0)

// Unit i of the tensor at binding k.
#define UNIT_AT(k, i) ((push.ahead[k] >> 4) + (i))

// The elements that are left behind whole units.
#define FOR_REST(i, first, n)                                                \
  for (uint i = (first) + gl_GlobalInvocationID.x, stride_ = gl_NumWorkGroups.x * gl_WorkGroupSize.x; i < (n); i += stride_)

// Two numbers of 16 bits in a word.
vec2 bf16_pair(uint word) {
  return vec2(uintBitsToFloat(word << 16), uintBitsToFloat(word & 0xffff0000u));
}

uint bf16_word(vec2 values) {
  return bf16_bits(values.x) | (bf16_bits(values.y) << 16);
}

#ifdef F16
#define PAIR(word) unpackHalf2x16(word)
#define PAIR_WORD(values) packHalf2x16(values)
#else
#define PAIR(word) bf16_pair(word)
#define PAIR_WORD(values) bf16_word(values)
#endif

// The numbers of a unit, and the other way round.
void unpack_unit(uvec4 unit, out float values[kUnit]) {
#if kUnit == 4
  [[unroll]] for (uint e = 0; e < 4; ++e) values[e] = uintBitsToFloat(unit[e]);
#else
  [[unroll]] for (uint e = 0; e < 4; ++e) {
    vec2 pair = PAIR(unit[e]);
    values[2 * e] = pair.x;
    values[2 * e + 1] = pair.y;
  }
#endif
}

uvec4 pack_unit(float values[kUnit]) {
  uvec4 unit;
#if kUnit == 4
  [[unroll]] for (uint e = 0; e < 4; ++e) unit[e] = floatBitsToUint(values[e]);
#else
  [[unroll]] for (uint e = 0; e < 4; ++e) unit[e] = PAIR_WORD(vec2(values[2 * e], values[2 * e + 1]));
#endif
  return unit;
}

#define FOR_UNIT(e) [[unroll]] for (uint e = 0; e < kUnit; ++e)

// Eight numbers as number i of that many in the tensor at binding k, of the dtype `to`: 0 f32, 1 bf16,
// 2 f16.
#define STORE_EIGHT(units, k, i, to, values)                                                         \
  {                                                                                                  \
    if (to == 0) {                                                                                   \
      [[unroll]] for (uint u_ = 0; u_ < 2; ++u_) {                                                   \
        uvec4 unit_;                                                                                 \
        [[unroll]] for (uint e_ = 0; e_ < 4; ++e_) unit_[e_] = floatBitsToUint(values[u_ * 4 + e_]); \
        units[UNIT_AT(k, 2 * (i) + u_)] = unit_;                                                     \
      }                                                                                              \
    } else {                                                                                         \
      uvec4 unit_;                                                                                   \
      [[unroll]] for (uint e_ = 0; e_ < 4; ++e_) {                                                   \
        vec2 pair_ = vec2(values[2 * e_], values[2 * e_ + 1]);                                       \
        unit_[e_] = to == 1 ? bf16_word(pair_) : packHalf2x16(pair_);                                \
      }                                                                                              \
      units[UNIT_AT(k, i)] = unit_;                                                                  \
    }                                                                                                \
  }

// Elements j to j + kUnit - 1 of a row of n that begins at `first`, of the tensor x at binding k: in
// one piece where kIsWhole says that rows are whole units, else one by one; 0 behind the row's end.
#define LOAD_OF_ROW(x, k, first, j, values)                                                          \
  {                                                                                                  \
    if (kIsWhole != 0) {                                                                             \
      unpack_unit(x##_units[UNIT_AT(k, ((first) + (j)) / kUnit)], values);                           \
    } else {                                                                                         \
      FOR_UNIT(e_) values[e_] = (j) + e_ < push.n ? LOAD(x[AT(k, (first) + (j) + e_)]) : 0.0;        \
    }                                                                                                \
  }

#define STORE_OF_ROW(x, k, first, j, values)                                                         \
  {                                                                                                  \
    if (kIsWhole != 0) {                                                                             \
      x##_units[UNIT_AT(k, ((first) + (j)) / kUnit)] = pack_unit(values);                            \
    } else {                                                                                         \
      FOR_UNIT(e_) if ((j) + e_ < push.n) x[AT(k, (first) + (j) + e_)] = STORE(values[e_]);          \
    }                                                                                                \
  }

// The first elements of the units that an invocation has of a row of n.
#define FOR_EACH_UNIT(j, n) \
  for (uint j = gl_LocalInvocationID.x * kUnit; j < (n); j += gl_WorkGroupSize.x * kUnit)
