#include "alpha/helios/spirv/module.h"

#include "alpha/core/error.h"

namespace alpha::helios::spirv {

void fail_corrupt(std::string_view what) {
  fail(ErrorCode::corrupt, "[helios] a shader is no SPIR-V that is understood: {}", what);
}

void check_header(std::span<const std::uint32_t> module) {
  if (module.size() < kHeaderWords) fail_corrupt("it is too short");
  if (module[0] != kMagic) fail_corrupt("its first word is wrong");
}

}  // namespace alpha::helios::spirv
