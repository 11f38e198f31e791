#include "alpha/checkpoint/gguf.h"

#include <array>
#include <cmath>
#include <limits>

#include "tests/checkpoint/gpt2_fixture.h"

#include "alpha/checkpoint/gguf_export.h"
#include "alpha/tensor/dtype.h"
#include "alpha/tokenizers/byte_level.h"
#include "alpha/tokenizers/char_tokenizer.h"

namespace alpha {
namespace {

using test::error_of;
using test::random_weights;
using test::save_model;
using test::slurp;
using test::small_gpt2;
using test::small_tokenizer;
using test::TempDir;
using test::Weights;

struct ReadTensor {
  std::vector<std::uint64_t> dims;  // as in the file: innermost first
  std::uint32_t type = 0;
  std::uint64_t offset = 0;
};

/// A reader of GGUF that shares nothing with the writer.
class GgufReader {
 public:
  explicit GgufReader(const std::filesystem::path& path) : bytes_(slurp(path)) {
    EXPECT_EQ(take_bytes(4), "GGUF");
    EXPECT_EQ(take<std::uint32_t>(), 3U);
    const auto n_tensors = take<std::uint64_t>();
    const auto n_entries = take<std::uint64_t>();
    for (std::uint64_t i = 0; i < n_entries; ++i) read_entry();
    for (std::uint64_t i = 0; i < n_tensors; ++i) read_tensor();
    data_ = (at_ + 31) / 32 * 32;
  }

  std::string_view data(const std::string& name, std::size_t n_bytes) const {
    const ReadTensor& tensor = tensors.at(name);
    EXPECT_EQ(tensor.offset % 32, 0U) << name;
    EXPECT_LE(data_ + tensor.offset + n_bytes, bytes_.size()) << name;
    return std::string_view(bytes_).substr(data_ + tensor.offset, n_bytes);
  }

  template<class T>
  std::vector<T> values(const std::string& name) const {
    std::size_t n = 1;
    for (const std::uint64_t dim : tensors.at(name).dims) n *= dim;
    std::vector<T> result(n);
    std::memcpy(result.data(), data(name, n * sizeof(T)).data(), n * sizeof(T));
    return result;
  }

  std::vector<float> dequantised(const std::string& name, std::size_t n) const {
    const std::string_view blocks = data(name, n / 32 * 34);
    std::vector<float> result;
    for (std::size_t block = 0; block < n / 32; ++block) {
      F16 scale;
      std::memcpy(&scale.bits, blocks.data() + block * 34, 2);
      for (std::size_t i = 0; i < 32; ++i) {
        const auto q = static_cast<signed char>(blocks[block * 34 + 2 + i]);
        result.push_back(static_cast<float>(scale) * static_cast<float>(q));
      }
    }
    return result;
  }

  std::size_t size() const { return bytes_.size(); }

  std::size_t data_begin() const { return data_; }

  std::map<std::string, std::string> texts;
  std::map<std::string, double> numbers;
  std::map<std::string, std::vector<std::string>> text_arrays;
  std::map<std::string, std::vector<std::int32_t>> int_arrays;
  std::map<std::string, ReadTensor> tensors;
  std::vector<std::string> order;

 private:
  template<class T>
  T take() {
    T value{};
    const std::string bytes = take_bytes(sizeof(T));
    std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }

  std::string take_bytes(std::size_t n) {
    if (at_ + n > bytes_.size()) throw std::runtime_error("the file ends early");
    at_ += n;
    return bytes_.substr(at_ - n, n);
  }

  std::string take_text() { return take_bytes(take<std::uint64_t>()); }

  void read_entry() {
    const std::string key = take_text();
    switch (take<std::uint32_t>()) {
      case 4: numbers[key] = take<std::uint32_t>(); break;
      case 6: numbers[key] = take<float>(); break;
      case 7: numbers[key] = take<std::uint8_t>(); break;
      case 8: texts[key] = take_text(); break;
      case 9: read_array(key); break;
      default: throw std::runtime_error("unexpected type of " + key);
    }
  }

  void read_array(const std::string& key) {
    const auto type = take<std::uint32_t>();
    const auto n = take<std::uint64_t>();
    for (std::uint64_t i = 0; i < n; ++i) {
      if (type == 8) {
        text_arrays[key].push_back(take_text());
      } else {
        int_arrays[key].push_back(take<std::int32_t>());
      }
    }
  }

  void read_tensor() {
    order.push_back(take_text());
    ReadTensor& tensor = tensors[order.back()];
    const auto rank = take<std::uint32_t>();
    for (std::uint32_t i = 0; i < rank; ++i) tensor.dims.push_back(take<std::uint64_t>());
    tensor.type = take<std::uint32_t>();
    tensor.offset = take<std::uint64_t>();
  }

  std::string bytes_;
  std::size_t at_ = 0;
  std::size_t data_ = 0;
};

/// A checkpoint in a folder of its own and what an export of it reads as.
struct Exported {
  explicit Exported(const GptConfig& c = small_gpt2(), GgufType type = GgufType::f32,
                    double scale = 1)
      : config(c),
        weights(random_weights(c, scale)) {
    save_model(dir / "model", config, weights, *small_tokenizer());
    export_gguf(Gpt2Checkpoint(dir / "model"), dir / "x.gguf", type);
  }

  TempDir dir;
  GptConfig config;
  Weights weights;
};

std::string refusal(const GptConfig& config, const Tokenizer& tokenizer,
                    GgufType type = GgufType::f32, double scale = 1) {
  const TempDir dir;
  save_model(dir / "model", config, random_weights(config, scale), tokenizer);
  std::string message =
      error_of([&] { export_gguf(Gpt2Checkpoint(dir / "model"), dir / "x.gguf", type); },
               ErrorCode::unsupported);
  EXPECT_EQ(dir.names(), std::vector<std::string>{"model"}) << "nothing may be left behind";
  return message;
}

TEST(Gguf, InF32EveryTensorComesBackBitForBit) {
  const Exported exported;
  const GgufReader file(exported.dir / "x.gguf");
  EXPECT_EQ(file.tensors.size(), 2U + 2 * 12 + 2);
  const auto expect_same = [&](const std::string& gguf, const std::string& alpha) {
    EXPECT_EQ(file.values<float>(gguf), exported.weights.at(alpha)) << gguf;
  };
  expect_same("token_embd.weight", "wte");
  expect_same("position_embd.weight", "wpe");
  expect_same("output_norm.weight", "lnF.weight");
  expect_same("output_norm.bias", "lnF.bias");
  for (const std::string i : {"0", "1"}) {
    const std::string gguf = "blk." + i + ".";
    const std::string alpha = "layer." + i + ".";
    expect_same(gguf + "attn_norm.weight", alpha + "ln1.weight");
    expect_same(gguf + "attn_norm.bias", alpha + "ln1.bias");
    expect_same(gguf + "attn_qkv.weight", alpha + "attn.wqkv");
    expect_same(gguf + "attn_qkv.bias", alpha + "attn.wqkv.bias");
    expect_same(gguf + "attn_output.weight", alpha + "attn.wo");
    expect_same(gguf + "attn_output.bias", alpha + "attn.wo.bias");
    expect_same(gguf + "ffn_norm.weight", alpha + "ln2.weight");
    expect_same(gguf + "ffn_norm.bias", alpha + "ln2.bias");
    expect_same(gguf + "ffn_up.weight", alpha + "mlp.fc1");
    expect_same(gguf + "ffn_up.bias", alpha + "mlp.fc1.bias");
    expect_same(gguf + "ffn_down.weight", alpha + "mlp.fc2");
    expect_same(gguf + "ffn_down.bias", alpha + "mlp.fc2.bias");
  }
}

TEST(Gguf, DimensionsAreInnermostFirstAndTheFileEndsWithItsLastTensor) {
  const Exported exported;
  const GgufReader file(exported.dir / "x.gguf");
  using Dims = std::vector<std::uint64_t>;
  EXPECT_EQ(file.tensors.at("token_embd.weight").dims, (Dims{32, 270}));
  EXPECT_EQ(file.tensors.at("position_embd.weight").dims, (Dims{32, 12}));
  EXPECT_EQ(file.tensors.at("blk.0.attn_qkv.weight").dims, (Dims{32, 96}));
  EXPECT_EQ(file.tensors.at("blk.1.ffn_down.weight").dims, (Dims{128, 32}));
  EXPECT_EQ(file.tensors.at("blk.1.ffn_up.bias").dims, (Dims{128}));
  std::size_t end = file.data_begin();
  for (const std::string& name : file.order) {
    EXPECT_EQ(file.data_begin() + file.tensors.at(name).offset, end) << name;
    end += file.values<float>(name).size() * sizeof(float);  // all multiples of 32 bytes here
  }
  EXPECT_EQ(file.size(), end);
}

TEST(Gguf, MetadataDescribeTheModel) {
  const Exported exported;
  const GgufReader file(exported.dir / "x.gguf");
  EXPECT_EQ(file.texts.at("general.architecture"), "gpt2");
  EXPECT_EQ(file.numbers.at("general.file_type"), 0);
  EXPECT_EQ(file.numbers.at("gpt2.context_length"), 12);
  EXPECT_EQ(file.numbers.at("gpt2.embedding_length"), 32);
  EXPECT_EQ(file.numbers.at("gpt2.feed_forward_length"), 128);
  EXPECT_EQ(file.numbers.at("gpt2.block_count"), 2);
  EXPECT_EQ(file.numbers.at("gpt2.attention.head_count"), 4);
  EXPECT_EQ(file.numbers.at("gpt2.attention.layer_norm_epsilon"), 1e-5F);
}

TEST(Gguf, TokensKindsAndMergesAreTheTokenizers) {
  const Exported exported;
  const GgufReader file(exported.dir / "x.gguf");
  const auto tokenizer = small_tokenizer();
  EXPECT_EQ(file.texts.at("tokenizer.ggml.model"), "gpt2");
  EXPECT_EQ(file.texts.at("tokenizer.ggml.pre"), "gpt-2");
  const auto& tokens = file.text_arrays.at("tokenizer.ggml.tokens");
  const auto& types = file.int_arrays.at("tokenizer.ggml.token_type");
  ASSERT_EQ(tokens.size(), 270U);
  ASSERT_EQ(types.size(), 270U);
  for (TokenId id = 0; id < 270; ++id) {
    const auto i = static_cast<std::size_t>(id);
    const bool is_special = id == 256 || id == 257;
    EXPECT_EQ(types[i], is_special ? 3 : 1) << id;
    if (is_special) continue;
    EXPECT_EQ(printable_to_bytes(tokens[i]), tokenizer->piece(id)) << id;
  }
  EXPECT_EQ(tokens[256], "<|end_of_text|>");
  EXPECT_EQ(tokens[257], "<|user|>");
  const auto& merges = file.text_arrays.at("tokenizer.ggml.merges");
  ASSERT_EQ(merges.size(), 12U);
  for (std::size_t i = 0; i < merges.size(); ++i) {
    const std::size_t space = merges[i].find(' ');
    EXPECT_EQ(merges[i].substr(0, space) + merges[i].substr(space + 1), tokens[258 + i]) << i;
  }
  EXPECT_EQ(file.numbers.at("tokenizer.ggml.bos_token_id"), 256);
  EXPECT_EQ(file.numbers.at("tokenizer.ggml.eos_token_id"), 256);
  EXPECT_EQ(file.numbers.at("tokenizer.ggml.add_bos_token"), 0);
}

TEST(Gguf, InF16MatricesAreRoundedAndVectorsAndPositionsAreNot) {
  const Exported exported(small_gpt2(), GgufType::f16);
  const GgufReader file(exported.dir / "x.gguf");
  EXPECT_EQ(file.numbers.at("general.file_type"), 1);
  for (const auto& [gguf, alpha] : {std::pair{"token_embd.weight", "wte"},
                                    std::pair{"blk.1.ffn_down.weight", "layer.1.mlp.fc2"}}) {
    ASSERT_EQ(file.tensors.at(gguf).type, 1U) << gguf;
    const auto written = file.values<std::uint16_t>(gguf);
    const std::vector<float>& exact = exported.weights.at(alpha);
    for (std::size_t i = 0; i < exact.size(); ++i) ASSERT_EQ(written[i], F16(exact[i]).bits) << i;
  }
  EXPECT_EQ(file.tensors.at("position_embd.weight").type, 0U);
  EXPECT_EQ(file.values<float>("position_embd.weight"), exported.weights.at("wpe"));
  EXPECT_EQ(file.values<float>("blk.0.ffn_norm.bias"), exported.weights.at("layer.0.ln2.bias"));
}

TEST(Gguf, InQ8EveryWeightIsWithinHalfAStepOfItsBlock) {
  const Exported exported(small_gpt2(), GgufType::q8_0);
  const GgufReader file(exported.dir / "x.gguf");
  EXPECT_EQ(file.numbers.at("general.file_type"), 7);
  EXPECT_EQ(file.numbers.at("general.quantization_version"), 2);
  EXPECT_EQ(file.tensors.at("position_embd.weight").type, 0U);
  EXPECT_EQ(file.tensors.at("blk.1.attn_output.bias").type, 0U);
  for (const auto& [gguf, alpha] : {std::pair{"token_embd.weight", "wte"},
                                    std::pair{"blk.0.attn_qkv.weight", "layer.0.attn.wqkv"}}) {
    ASSERT_EQ(file.tensors.at(gguf).type, 8U) << gguf;
    const std::vector<float>& exact = exported.weights.at(alpha);
    const std::vector<float> read = file.dequantised(gguf, exact.size());
    for (std::size_t i = 0; i < exact.size(); ++i) {
      float largest = 0;
      for (std::size_t j = i / 32 * 32; j < i / 32 * 32 + 32; ++j) {
        largest = std::max(largest, std::abs(exact[j]));
      }
      // Half a step, and what rounding the scale to 11 bits adds to 127 of them.
      ASSERT_NEAR(read[i], exact[i], largest / 127 * (0.5 + 127.0 / 2048)) << gguf << " " << i;
    }
  }
}

TEST(Gguf, Q8RoundsHalvesAwayFromZeroAndZerosHaveNoScale) {
  std::array<float, 64> x{};
  x[0] = -127;
  x[1] = 0.5F;
  x[2] = -2.5F;
  x[3] = 1.49F;
  x[4] = 126.5F;
  std::vector<std::byte> out;
  append_gguf_elements(GgufType::q8_0, x, "x", out);
  ASSERT_EQ(out.size(), gguf_size_bytes(GgufType::q8_0, 64));
  ASSERT_EQ(out.size(), 68U);
  const auto at = [&](std::size_t i) { return static_cast<int>(static_cast<signed char>(out[i])); };
  EXPECT_EQ(at(0) + 256 * at(1), 0x3c00);  // f16 1
  EXPECT_EQ((std::array{at(2), at(3), at(4), at(5), at(6), at(7)}),
            (std::array{-127, 1, -3, 1, 127, 0}));
  for (std::size_t i = 34; i < 68; ++i) EXPECT_EQ(at(i), 0);
}

TEST(Gguf, TensorsLargerThanOnePieceAreWrittenWhole) {
  const TempDir dir;
  std::vector<float> values(3 * 1024 * 1024 / 2);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const auto n = static_cast<std::int64_t>(values.size());
  const std::array tensors = {
      GgufTensor{
          .name = "large", .shape = {n / 2, 2}, .elements = std::as_bytes(std::span(values))},
      GgufTensor{.name = "zeros", .shape = {3}, .elements = {}}};
  write_gguf(dir / "x", {}, tensors);
  const GgufReader file(dir / "x");
  EXPECT_EQ(file.values<float>("large"), values);
  EXPECT_EQ(file.values<float>("zeros"), (std::vector<float>{0, 0, 0}));
  EXPECT_EQ(file.size() % 32, 0U) << "the last tensor is padded too";
}

TEST(Gguf, AnUntiedHeadIsTheOutput) {
  GptConfig config = small_gpt2();
  config.is_tied = false;
  const Exported exported(config, GgufType::f32);
  const GgufReader file(exported.dir / "x.gguf");
  EXPECT_EQ(file.values<float>("output.weight"), exported.weights.at("lmHead"));
}

TEST(Gguf, BiasesThatTheModelLacksAreZeros) {
  const Exported exported(small_gpt2("nanogpt"), GgufType::q8_0);
  const GgufReader file(exported.dir / "x.gguf");
  EXPECT_EQ(file.values<float>("blk.1.attn_qkv.bias"), std::vector<float>(96));
  EXPECT_EQ(file.values<float>("output_norm.bias"), std::vector<float>(32));
}

TEST(Gguf, AModelThatIsNoGpt2IsRefusedByTheOptionThatIsTooMuch) {
  const auto refused = [](const auto& change) {
    GptConfig config = small_gpt2();
    change(config);
    return refusal(config, *small_tokenizer());
  };
  EXPECT_EQ(refused([](GptConfig& c) { c.soft_cap = 30; }),
            "[export] GPT-2's layout cannot express this model: its softCap is 30, expected 0");
  EXPECT_NE(refused([](GptConfig& c) { c.norm = Norm::rms_norm; }).find("norm is rms_norm"),
            std::string::npos);
  using enum FfnActivation;
  for (const FfnActivation activation : {relu, silu, swiglu}) {
    EXPECT_NE(refused([&](GptConfig& c) {
                c.activation = activation;
              }).find(fmt::format("ffnActivation is {}", to_string(activation))),
              std::string::npos);
  }
}

TEST(Gguf, TokenizersThatTheFormatLacksAreRefused) {
  GptConfig config = small_gpt2();
  const auto characters = CharTokenizer::train("abc");
  config.vocab_size = characters->vocab_size();
  EXPECT_NE(refusal(config, *characters).find("of type 'char', expected bpe"), std::string::npos);
  const auto no_end = small_tokenizer({});
  config.vocab_size = no_end->vocab_size();
  EXPECT_NE(refusal(config, *no_end).find("no token <|end_of_text|>"), std::string::npos);
}

TEST(Gguf, WhatQ8OrF16CannotHoldIsRefusedByTensor) {
  GptConfig config = small_gpt2();
  config.n_embd = 40;
  EXPECT_EQ(refusal(config, *small_tokenizer(), GgufType::q8_0),
            "[gguf] tensor 'token_embd.weight' has rows of 40 elements, q8_0 needs a multiple of "
            "32: choose f32 or f16");
  EXPECT_NE(refusal(small_gpt2(), *small_tokenizer(), GgufType::f16, 1e5).find("more than f16"),
            std::string::npos);
  EXPECT_NE(refusal(small_gpt2(), *small_tokenizer(), GgufType::q8_0, 1e8).find("more than f16"),
            std::string::npos);
}

TEST(Gguf, WhatIsThereAlreadyStays) {
  const Exported exported;
  for (const std::string name : {"x.gguf", "model"}) {
    const std::string message = error_of(
        [&] {
          export_gguf(Gpt2Checkpoint(exported.dir / "model"), exported.dir / name, GgufType::f16);
        },
        ErrorCode::io);
    EXPECT_NE(message.find("exists already"), std::string::npos);
  }
  EXPECT_EQ(GgufReader(exported.dir / "x.gguf").numbers.at("general.file_type"), 0);
}

TEST(Gguf, WeightsThatAreNotFiniteAreRefused) {
  const TempDir dir;
  const GptConfig config = small_gpt2();
  Weights weights = random_weights(config);
  weights["layer.1.attn.wo"][5] = std::numeric_limits<float>::infinity();
  save_model(dir / "model", config, weights, *small_tokenizer());
  EXPECT_NE(error_of([&] { Gpt2Checkpoint(dir / "model"); }, ErrorCode::corrupt)
                .find("tensor 'layer.1.attn.wo': element 5"),
            std::string::npos);
}

TEST(Gguf, NamesOfTypesAreReadBack) {
  for (const GgufType type : {GgufType::f32, GgufType::f16, GgufType::q8_0}) {
    EXPECT_EQ(parse_gguf_type(to_string(type)), type);
  }
  EXPECT_NE(error_of([] { parse_gguf_type("q4_0"); }, ErrorCode::invalid_argument).find("'q4_0'"),
            std::string::npos);
}

}  // namespace
}  // namespace alpha
