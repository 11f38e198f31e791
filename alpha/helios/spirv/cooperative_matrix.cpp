#include "alpha/helios/spirv/cooperative_matrix.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "alpha/helios/spirv/module.h"

namespace alpha::helios::spirv {

namespace {

// Numbers of the SPIR-V specification and of the two extensions.
enum Opcode : std::uint32_t {
  OpExtension = 10,
  OpCapability = 17,
  OpTypeInt = 21,
  OpTypeFloat = 22,
  OpConstantTrue = 41,
  OpConstantFalse = 42,
  OpConstant = 43,
  OpDecorate = 71,
  OpTypeMatrixKhr = 4456,
  OpLoadKhr = 4457,
  OpStoreKhr = 4458,
  OpMulAddKhr = 4459,
  OpLengthKhr = 4460,
  OpTypeMatrixNv = 5358,
  OpLoadNv = 5359,
  OpStoreNv = 5360,
  OpMulAddNv = 5361,
  OpLengthNv = 5362
};

constexpr std::uint32_t kSpecId = 1;  // a decoration
constexpr std::uint32_t kMatrixNvCapability = 5357;
constexpr std::uint32_t kMatrixKhrCapability = 6022;
constexpr std::uint32_t kBf16Capability = 5116;
constexpr std::uint32_t kBf16MatrixCapability = 5118;
constexpr std::uint32_t kBf16Encoding = 0;
constexpr std::string_view kNvExtension = "SPV_NV_cooperative_matrix";
constexpr std::string_view kKhrExtension = "SPV_KHR_cooperative_matrix";
constexpr std::string_view kBf16Extension = "SPV_KHR_bfloat16";

using Words = std::vector<std::uint32_t>;

Words words_of(std::string_view text) {
  Words words(text.size() / 4 + 1);
  std::memcpy(words.data(), text.data(), text.size());
  return words;
}

class Rewriter {
 public:
  Rewriter(std::span<const std::uint32_t> module, MatrixElement element)
      : is_bf16_(element == MatrixElement::bf16),
        out_(module.begin(), module.begin() + kHeaderWords) {
    for_each_instruction(module, [this](const Instruction& one) { look_at(one); });
    if (!unsigned_) fail_corrupt("it has no unsigned integers");
    // 0, 1 and 2: uses of matrices, and the first two the order of their elements.
    first_number_ = module[kBoundWord];
    // Where sums are f32 alone, what is f16 is operands: the type itself becomes bf16, and shaders
    // may put elements into operands. Else operands get a type of their own.
    const bool has_narrow_sums = std::ranges::find(sum_elements_, half_) != sum_elements_.end();
    bf16_ = is_bf16_ && !has_narrow_sums && half_ ? *half_ : first_number_ + 3;
    out_[kBoundWord] = std::max(first_number_ + 3, bf16_ + 1);
    for_each_instruction(module, [this](const Instruction& one) { rewrite(one); });
  }

  Words take() { return std::move(out_); }

 private:
  void look_at(const Instruction& one) {
    const auto& operands = one.operands;
    if (one.opcode == OpDecorate && operands.size() > 2 && operands[1] == kSpecId) {
      spec_ids_[operands[0]] = operands[2];
    }
    if (one.opcode == OpConstantTrue) booleans_[operands[1]] = true;
    if (one.opcode == OpConstantFalse) booleans_[operands[1]] = false;
    if (one.opcode == OpTypeInt && operands[1] == 32 && operands[2] == 0) unsigned_ = operands[0];
    if (one.opcode == OpTypeFloat && operands[1] == 16) half_ = operands[0];
    if (one.opcode == OpTypeMatrixNv && use_of(operands[3]) == 2)
      sum_elements_.push_back(operands[1]);
  }

  void put(std::uint32_t opcode, std::span<const std::uint32_t> operands) {
    out_.push_back(static_cast<std::uint32_t>(operands.size() + 1) << 16U | opcode);
    out_.insert(out_.end(), operands.begin(), operands.end());
  }

  void put(std::uint32_t opcode, std::initializer_list<std::uint32_t> operands) {
    put(opcode, std::span(operands.begin(), operands.size()));
  }

  /// Which of the three uses a type with these rows has.
  std::uint32_t use_of(std::uint32_t rows) const {
    const auto found = spec_ids_.find(rows);
    const std::uint32_t id = found == spec_ids_.end() ? 0 : found->second;
    if (id != 100 && id != 102 && id != 104) fail_corrupt("a matrix has rows without a use");
    return (id - 100) / 2;
  }

  /// The constant for the order of elements: by rows or by columns.
  std::uint32_t order_of(std::uint32_t is_by_columns) const {
    const auto found = booleans_.find(is_by_columns);
    if (found == booleans_.end()) fail_corrupt("the order of a matrix is no plain constant");
    return first_number_ + (found->second ? 1U : 0U);
  }

  void rewrite(const Instruction& one) {
    if (is_bf16_ && one.opcode != OpCapability && !std::exchange(has_bf16_, true)) {
      put(OpCapability, {kBf16Capability});
      put(OpCapability, {kBf16MatrixCapability});
      put(OpExtension, words_of(kBf16Extension));
    }
    const auto& in = one.operands;
    switch (one.opcode) {
      case OpCapability:
        put(OpCapability, {in[0] == kMatrixNvCapability ? kMatrixKhrCapability : in[0]});
        break;
      case OpExtension:
        put(OpExtension, std::ranges::equal(in, words_of(kNvExtension))
                             ? words_of(kKhrExtension)
                             : Words(in.begin(), in.end()));
        break;
      case OpTypeInt:
        put(OpTypeInt, in);
        if (in[0] == *unsigned_) put_constants();
        break;
      case OpTypeFloat:
        if (is_bf16_ && in[0] == bf16_) {
          put(OpTypeFloat, {bf16_, 16, kBf16Encoding});
        } else {
          put(OpTypeFloat, in);
        }
        break;
      case OpTypeMatrixNv: {  // result, element, scope, rows, columns
        const std::uint32_t use = use_of(in[3]);
        const std::uint32_t element = use < 2 && is_bf16_ ? bf16_ : in[1];
        put(OpTypeMatrixKhr, {in[0], element, in[2], in[3], in[4], first_number_ + use});
        break;
      }
      case OpLoadNv: {  // type, result, pointer, stride, order, memory operands
        Words words = {in[0], in[1], in[2], order_of(in[4]), in[3]};
        words.insert(words.end(), in.begin() + 5, in.end());
        put(OpLoadKhr, words);
        break;
      }
      case OpStoreNv: {  // pointer, object, stride, order, memory operands
        Words words = {in[0], in[1], order_of(in[3]), in[2]};
        words.insert(words.end(), in.begin() + 4, in.end());
        put(OpStoreKhr, words);
        break;
      }
      case OpMulAddNv: put(OpMulAddKhr, in); break;
      case OpLengthNv: put(OpLengthKhr, in); break;
      default: put(one.opcode, in);
    }
  }

  void put_constants() {
    for (std::uint32_t value = 0; value < 3; ++value) {
      put(OpConstant, {*unsigned_, first_number_ + value, value});
    }
    if (is_bf16_ && bf16_ != half_) put(OpTypeFloat, {bf16_, 16, kBf16Encoding});
  }

  bool is_bf16_;
  Words out_;
  std::map<std::uint32_t, std::uint32_t> spec_ids_;  // result -> id of the constant
  std::map<std::uint32_t, bool> booleans_;
  std::optional<std::uint32_t> unsigned_;
  std::optional<std::uint32_t> half_;
  std::vector<std::uint32_t> sum_elements_;
  std::uint32_t first_number_ = 0;
  std::uint32_t bf16_ = 0;
  bool has_bf16_ = false;
};

}  // namespace

std::vector<std::uint32_t> to_khr_matrices(std::span<const std::uint32_t> module,
                                           MatrixElement element) {
  check_header(module);
  return Rewriter(module, element).take();
}

}  // namespace alpha::helios::spirv
