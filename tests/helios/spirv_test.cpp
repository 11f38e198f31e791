#include <vector>

#include "tests/helios/helios_test_base.h"

#include "alpha/helios/shader.h"
#include "alpha/helios/spirv/module.h"
#include "alpha/helios/spirv/reflection.h"

namespace alpha::helios::test {
namespace {

using spirv::Access;

TEST(Reflection, TellsWhatAShaderReadsAndWrites) {
  const auto unary = spirv::reflect(find_shader("unary.bf16").module);
  EXPECT_EQ(unary.bindings, (std::vector{Access::read, Access::write}));
  EXPECT_EQ(unary.push_bytes, 2 * 4 + 3 * 4);
  // Parameters and moments are updated in place, the gradients only read, the copy only written.
  const auto adamw = spirv::reflect(find_shader("adamw.f32").module);
  EXPECT_EQ(adamw.bindings, (std::vector{Access::read_write, Access::read, Access::read_write,
                                         Access::read_write, Access::write}));
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

TEST(Shaders, AreFoundByNameAlone) {
  EXPECT_EQ(find_shader("norm.f32").name, "norm.f32");
  EXPECT_EQ(code_of([] { find_shader("norm.f31"); }), ErrorCode::internal);
}

}  // namespace
}  // namespace alpha::helios::test
