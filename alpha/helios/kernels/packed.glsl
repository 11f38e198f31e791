// Packed weights as tensor/packed_matrix.h lays them out: panels of 16 outputs.
const uint kPanel = 16;

// Formats, numbered as WeightFormat.
#define FORMAT_F32 0
#define FORMAT_BF16 1
#define FORMAT_INT8 2
#define FORMAT_INT4 3

float bf16_value(uint bits) {
  return uintBitsToFloat(bits << 16);
}

// Four inputs of int8, lowest first: stored 128 above what they are.
ivec4 unpack_int8(uint word) {
  return ivec4(word & 0xffu, (word >> 8) & 0xffu, (word >> 16) & 0xffu, word >> 24) - 128;
}

// Inputs 0 to 3 (half 0) or 4 to 7 (half 1) of eight of int4: stored 8 above what they are.
ivec4 unpack_int4(uint word, uint half_) {
  uint nibbles = half_ == 0 ? word : word >> 4;
  return ivec4(nibbles & 0xfu, (nibbles >> 8) & 0xfu, (nibbles >> 16) & 0xfu, (nibbles >> 24) & 0xfu) - 8;
}
