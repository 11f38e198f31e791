#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace alpha::helios::spirv {

inline constexpr std::uint32_t kMagic = 0x07230203;
inline constexpr std::size_t kHeaderWords = 5;
inline constexpr std::size_t kBoundWord = 3;  // of the header: ids are below it

/// An instruction of a module: an opcode and its operands.
struct Instruction {
  std::uint32_t opcode = 0;
  std::span<const std::uint32_t> operands;
};

/// Calls `visit` with each instruction in turn. Error: corrupt, for what is no module or ends
/// within an instruction.
template<class Visit>
void for_each_instruction(std::span<const std::uint32_t> module, Visit&& visit);

void check_header(std::span<const std::uint32_t> module);
[[noreturn]] void fail_corrupt(std::string_view what);

template<class Visit>
void for_each_instruction(std::span<const std::uint32_t> module, Visit&& visit) {
  check_header(module);
  for (std::size_t at = kHeaderWords; at < module.size();) {
    const std::uint32_t opcode = module[at] & 0xffffU;
    const std::size_t n_words = module[at] >> 16U;
    if (n_words == 0 || at + n_words > module.size()) fail_corrupt("it ends within an instruction");
    visit(Instruction{opcode, module.subspan(at + 1, n_words - 1)});
    at += n_words;
  }
}

}  // namespace alpha::helios::spirv
