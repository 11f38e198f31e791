#include "alpha/helios/spirv/reflection.h"

#include <algorithm>
#include <map>

#include "alpha/helios/spirv/module.h"

namespace alpha::helios::spirv {

namespace {

// Numbers of the SPIR-V specification, 3.42 and what it refers to.
enum Opcode : std::uint32_t {
  OpTypeInt = 21,
  OpTypeFloat = 22,
  OpTypeVector = 23,
  OpTypeArray = 28,
  OpTypeStruct = 30,
  OpTypePointer = 32,
  OpConstant = 43,
  OpVariable = 59,
  OpDecorate = 71,
  OpMemberDecorate = 72
};

enum Decoration : std::uint32_t {
  kNonWritable = 24,
  kNonReadable = 25,
  kBinding = 33,
  kOffset = 35
};

constexpr std::uint32_t kPushConstant = 9;
constexpr std::uint32_t kStorageBuffer = 12;

struct Type {
  std::uint32_t size_bytes = 0;  // of numbers, vectors and arrays
  std::uint32_t pointee = 0;
  std::vector<std::uint32_t> members;
};

struct Member {
  std::uint32_t offset = 0;
  bool is_readonly = false;
  bool is_writeonly = false;
};

struct Variable {
  std::uint32_t id = 0;
  std::uint32_t pointer = 0;
  std::uint32_t storage_class = 0;
};

class Reader {
 public:
  void visit(const Instruction& one) {
    const auto& operands = one.operands;
    const auto operand = [&](std::size_t i) {
      if (i >= operands.size()) fail_corrupt("an instruction is too short");
      return operands[i];
    };
    switch (one.opcode) {
      case OpDecorate:
        decorate(operand(0), operand(1), operands.size() > 2 ? operand(2) : 0);
        break;
      case OpMemberDecorate:
        decorate_member(members_[{operand(0), operand(1)}], operand(2),
                        operands.size() > 3 ? operand(3) : 0);
        break;
      case OpTypeInt:
      case OpTypeFloat: types_[operand(0)].size_bytes = operand(1) / 8; break;
      case OpTypeVector:
        types_[operand(0)].size_bytes = types_[operand(1)].size_bytes * operand(2);
        break;
      case OpConstant: constants_[operand(1)] = operand(2); break;
      case OpTypeArray:
        types_[operand(0)].size_bytes = types_[operand(1)].size_bytes * constants_[operand(2)];
        break;
      case OpTypeStruct:
        operand(0);
        types_[operands[0]].members.assign(operands.begin() + 1, operands.end());
        break;
      case OpTypePointer: types_[operand(0)].pointee = operand(2); break;
      case OpVariable: variables_.push_back({operand(1), operand(0), operand(2)}); break;
      default: break;
    }
  }

  Interface result() {
    Interface result;
    for (const Variable& variable : variables_) {
      const std::uint32_t type = types_[variable.pointer].pointee;
      if (variable.storage_class == kPushConstant) {
        result.push_bytes = std::max(result.push_bytes, struct_bytes(type));
      } else if (variable.storage_class == kStorageBuffer) {
        add_binding(result, variable.id, type);
      }
    }
    return result;
  }

 private:
  void decorate(std::uint32_t id, std::uint32_t decoration, std::uint32_t value) {
    if (decoration == kBinding) bindings_[id] = value;
    decorate_member(whole_[id], decoration, value);
  }

  static void decorate_member(Member& member, std::uint32_t decoration, std::uint32_t value) {
    if (decoration == kNonWritable) member.is_readonly = true;
    if (decoration == kNonReadable) member.is_writeonly = true;
    if (decoration == kOffset) member.offset = value;
  }

  std::uint32_t struct_bytes(std::uint32_t type) {
    std::uint32_t bytes = 0;
    const auto& members = types_[type].members;
    for (std::uint32_t i = 0; i < members.size(); ++i) {
      bytes = std::max(bytes, members_[{type, i}].offset + types_[members[i]].size_bytes);
    }
    return bytes;
  }

  /// One buffer may stand under several names, as of several types: what any may do counts.
  void add_binding(Interface& result, std::uint32_t id, std::uint32_t type) {
    constexpr std::uint32_t kMostBindings = 64;
    const std::uint32_t binding = bindings_[id];
    if (binding >= kMostBindings) fail_corrupt("a binding's number is too large");
    if (result.bindings.size() <= binding) result.bindings.resize(binding + 1, Access::none);
    const auto is_all = [&](bool Member::*flag) {
      if (whole_[id].*flag) return true;
      const auto& members = types_[type].members;
      for (std::uint32_t i = 0; i < members.size(); ++i) {
        if (!(members_[{type, i}].*flag)) return false;
      }
      return !members.empty();
    };
    unsigned access = static_cast<unsigned>(result.bindings[binding]);
    if (!is_all(&Member::is_writeonly)) access |= static_cast<unsigned>(Access::read);
    if (!is_all(&Member::is_readonly)) access |= static_cast<unsigned>(Access::write);
    result.bindings[binding] = static_cast<Access>(access);
  }

  std::map<std::uint32_t, Type> types_;
  std::map<std::uint32_t, std::uint32_t> constants_;
  std::map<std::uint32_t, std::uint32_t> bindings_;  // variable -> number
  std::map<std::uint32_t, Member> whole_;            // of variables
  std::map<std::pair<std::uint32_t, std::uint32_t>, Member> members_;
  std::vector<Variable> variables_;
};

}  // namespace

Interface reflect(std::span<const std::uint32_t> module) {
  Reader reader;
  for_each_instruction(module, [&](const Instruction& one) { reader.visit(one); });
  return reader.result();
}

}  // namespace alpha::helios::spirv
