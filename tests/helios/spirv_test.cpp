#include <algorithm>
#include <vector>

#include "tests/helios/helios_test_base.h"

#include "alpha/helios/shader.h"
#include "alpha/helios/spirv/cooperative_matrix.h"
#include "alpha/helios/spirv/module.h"
#include "alpha/helios/spirv/reflection.h"

namespace alpha::helios::test {
namespace {

using spirv::Access;

TEST(Reflection, TellsWhatAShaderReadsAndWrites) {
  const auto unary = spirv::reflect(find_shader("unary.bf16").module);
  EXPECT_EQ(unary.bindings, (std::vector{Access::read, Access::write}));
  EXPECT_EQ(unary.push_bytes, 2 * 4 + 3 * 4);
  // Parameters and moments are updated in place, gradients, scale and rates only read, the copy
  // only written.
  const auto adamw = spirv::reflect(find_shader("adamw.f32").module);
  EXPECT_EQ(adamw.bindings,
            (std::vector{Access::read_write, Access::read, Access::read_write, Access::read_write,
                         Access::write, Access::read, Access::read}));
}

TEST(Reflection, KnowsEveryBindingOfEveryShader) {
  EXPECT_GT(shaders().size(), 50U);
  for (const Shader& shader : shaders()) {
    const auto interface = spirv::reflect(shader.module);
    EXPECT_FALSE(interface.bindings.empty()) << shader.name;
    EXPECT_LE(interface.bindings.size(), kMostBindings) << shader.name;
    for (const Access access : interface.bindings) EXPECT_NE(access, Access::none) << shader.name;
    EXPECT_GE(interface.push_bytes, 4 * interface.bindings.size()) << shader.name;
    EXPECT_LE(interface.push_bytes, 128U) << shader.name << ": all that every device has";
  }
}

TEST(Reflection, RefusesWhatIsNoModule) {
  const auto module = find_shader("unary.f32").module;
  std::vector<std::uint32_t> words(module.begin(), module.end());
  EXPECT_EQ(code_of([&] { spirv::reflect(std::span(words).first(3)); }), ErrorCode::corrupt);
  words[0] = 7;
  EXPECT_EQ(code_of([&] { spirv::reflect(words); }), ErrorCode::corrupt);
  words[0] = spirv::kMagic;
  words.back() = 0;  // an instruction of no words
  EXPECT_EQ(code_of([&] { spirv::reflect(words); }), ErrorCode::corrupt);
  words.back() = 0xffff'0000U;  // one that goes on behind the end
  EXPECT_EQ(code_of([&] { spirv::reflect(words); }), ErrorCode::corrupt);
}

/// Operands behind the result of each declaration of a 16-bit float: the width, and perhaps which.
std::vector<std::vector<std::uint32_t>> half_types(std::span<const std::uint32_t> module) {
  constexpr std::uint32_t kTypeFloat = 22;
  std::vector<std::vector<std::uint32_t>> types;
  spirv::for_each_instruction(module, [&](const spirv::Instruction& one) {
    if (one.opcode != kTypeFloat || one.operands[1] != 16) return;
    types.emplace_back(one.operands.begin() + 1, one.operands.end());
  });
  return types;
}

std::int64_t count(std::span<const std::uint32_t> module, std::uint32_t first, std::uint32_t last) {
  std::int64_t n = 0;
  spirv::for_each_instruction(module, [&](const spirv::Instruction& one) {
    if (one.opcode >= first && one.opcode <= last) ++n;
  });
  return n;
}

TEST(CooperativeMatrices, LeaveNothingOfTheVendorsExtension) {
  for (const char* name : {"gemm.nt", "gemm.nn", "gemm.tn", "flash_forward.bf16", "flash_dq.f16"}) {
    const auto module = find_shader(name).module;
    const std::int64_t n = count(module, 5358, 5362);
    EXPECT_GE(n, 8) << name;
    for (const auto element : {spirv::MatrixElement::bf16, spirv::MatrixElement::f16}) {
      const auto rewritten = spirv::to_khr_matrices(module, element);
      EXPECT_EQ(count(rewritten, 5358, 5362), 0) << name;
      EXPECT_EQ(count(rewritten, 4456, 4460), n) << name;
    }
  }
}

TEST(CooperativeMatrices, HoldBf16InOperandsAlone) {
  using Types = std::vector<std::vector<std::uint32_t>>;
  const auto types_of = [](const char* name, spirv::MatrixElement element) {
    return half_types(spirv::to_khr_matrices(find_shader(name).module, element));
  };
  const std::vector<std::uint32_t> f16 = {16};
  const std::vector<std::uint32_t> bf16 = {16, 0};
  // A product's result may be narrow: its bits are made by hand, and its type stays f16.
  const Types of_product = types_of("gemm.nt", spirv::MatrixElement::bf16);
  EXPECT_EQ(std::ranges::count(of_product, bf16), 1);
  EXPECT_EQ(std::ranges::count(of_product, f16), 1);
  EXPECT_EQ(types_of("gemm.nt", spirv::MatrixElement::f16), Types{f16});
  // Attention puts elements into operands: all that was f16 is bf16.
  EXPECT_EQ(types_of("flash_forward.bf16", spirv::MatrixElement::bf16), Types{bf16});
  EXPECT_EQ(types_of("flash_forward.f16", spirv::MatrixElement::f16), Types{f16});
}

TEST(Shaders, AreFoundByNameAlone) {
  EXPECT_EQ(find_shader("norm.f32").name, "norm.f32");
  EXPECT_EQ(code_of([] { find_shader("norm.f31"); }), ErrorCode::internal);
}

}  // namespace
}  // namespace alpha::helios::test
