#include "alpha/inference/weights.h"

#include <filesystem>
#include <limits>

#include <gtest/gtest.h>
#include <unistd.h>

#include "alpha/backends/backends.h"
#include "alpha/checkpoint/checkpoint_directory.h"
#include "alpha/checkpoint/trained_model.h"
#include "alpha/core/json.h"
#include "alpha/tensor/create.h"
#include "alpha/tokenizers/tokenizer_factory.h"

namespace alpha {
namespace {

namespace fs = std::filesystem;

class WeightsFile : public testing::Test {
 protected:
  WeightsFile() {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    config_.vocab_size = tokenizer_->vocab_size();
    config_.block_size = 8;
    config_.n_layer = 1;
    config_.n_embd = 40;
    config_.n_head = 2;
    parameters_ = std::make_unique<Parameters>(*backend_, gpt_parameters(config_));
    initialize(*backend_, config_, *parameters_, 1);
  }

  ~WeightsFile() override { fs::remove_all(folder_); }

  CheckpointContent content() const {
    CheckpointContent content{.config = {{"modelConfig", to_json(config_)}},
                              .tokenizer = tokenizer_->to_json(),
                              .trainer_state = Json{{"step", 7}},
                              .model = {}};
    for (std::size_t i = 0; i < parameters_->size(); ++i) {
      content.model.push_back({parameters_->specs()[i].name, parameters_->value(i)});
    }
    return content;
  }

  fs::path save(const std::string& name, const CheckpointContent& what) const {
    save_checkpoint_directory(folder_ / name, *backend_, what);
    return folder_ / name;
  }

  std::string error_of(const fs::path& path, std::optional<WeightFormat> format = {}) const {
    try {
      load_weights(path, *backend_, format);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  std::unique_ptr<Backend> backend_ = make_backend("cpu", 2);
  std::shared_ptr<const Tokenizer> tokenizer_ = train_tokenizer("char", "abcdefgh \n");
  GptConfig config_;
  std::unique_ptr<Parameters> parameters_;
  fs::path folder_ =
      fs::temp_directory_path() / ("alpha_weights_" + std::to_string(::getpid()) + "_" +
                                   testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(WeightsFile, ComeBackFromAQuantizedCheckpointBitForBit) {
  const fs::path plain = save("plain", content());
  for (const std::string_view name : weight_format_names()) {
    const WeightFormat format = parse_weight_format(name);
    const auto direct = load_weights(plain, *backend_, format);
    const fs::path stored = folder_ / name;
    save_weights(stored, *backend_, *direct);
    const auto back = load_weights(stored, *backend_);
    EXPECT_EQ(back->format, format);
    EXPECT_EQ(back->step, 7);
    EXPECT_EQ(back->config, direct->config);
    EXPECT_EQ(back->size_bytes, direct->size_bytes);
    for (const auto& [key, weight] : direct->by_name) {
      const WeightMatrix& other = back->by_name.at(key);
      if (!weight.packed.is_defined()) {
        EXPECT_TRUE(equal(*backend_, weight.variable.data(), other.variable.data())) << key;
        continue;
      }
      EXPECT_TRUE(equal(*backend_, weight.packed.values, other.packed.values)) << key;
      if (is_integer(format)) {
        EXPECT_TRUE(equal(*backend_, weight.packed.scales, other.packed.scales)) << key;
      }
    }
  }
}

TEST_F(WeightsFile, AreRefusedInAnotherFormatThanStored) {
  const fs::path plain = save("plain", content());
  save_weights(folder_ / "int4", *backend_, *load_weights(plain, *backend_, WeightFormat::int4));
  const std::string message = error_of(folder_ / "int4", WeightFormat::int8);
  EXPECT_NE(message.find("holds int4 weights"), std::string::npos) << message;
}

TEST_F(WeightsFile, OfInferenceAloneAreNotForTraining) {
  const fs::path plain = save("plain", content());
  save_weights(folder_ / "int8", *backend_, *load_weights(plain, *backend_, WeightFormat::int8));
  EXPECT_THROW(load_model(folder_ / "int8", *backend_), Error);
}

TEST_F(WeightsFile, AreCheckedAndEachErrorNamesTheTensor) {
  CheckpointContent missing = content();
  missing.model.erase(missing.model.begin() + 3);
  const std::string name = content().model[3].name;
  EXPECT_NE(error_of(save("missing", missing)).find(name), std::string::npos);

  CheckpointContent wrong = content();
  wrong.model[3].tensor = zeros(*backend_, {3, 5});
  const std::string message = error_of(save("wrong", wrong));
  EXPECT_NE(message.find(name), std::string::npos) << message;
  EXPECT_NE(message.find("[3, 5]"), std::string::npos) << message;

  CheckpointContent infinite = content();
  infinite.model[3].tensor =
      full(*backend_, content().model[3].tensor.shape(), std::numeric_limits<double>::infinity());
  EXPECT_NE(error_of(save("infinite", infinite)).find(name), std::string::npos);

  CheckpointContent narrow = content();
  narrow.model[3].tensor = zeros(*backend_, content().model[3].tensor.shape(), DType::bf16);
  EXPECT_NE(error_of(save("narrow", narrow)).find("bf16"), std::string::npos);

  CheckpointContent other = content();
  other.tokenizer = train_tokenizer("char", "abc")->to_json();
  EXPECT_NE(error_of(save("other", other)).find("3 tokens"), std::string::npos);

  CheckpointContent unknown = content();
  unknown.model_metadata = {{"alpha.weights", "int3"}};
  EXPECT_NE(error_of(save("unknown", unknown)).find("int3"), std::string::npos);
}

TEST_F(WeightsFile, OfARunInProgressEqualThoseOfItsCheckpoint) {
  const auto direct = pack_weights(*backend_, config_, tokenizer_, *parameters_);
  const auto loaded = load_weights(save("plain", content()), *backend_);
  for (const auto& [key, weight] : direct->by_name) {
    if (!weight.packed.is_defined()) continue;
    EXPECT_TRUE(equal(*backend_, weight.packed.values, loaded->by_name.at(key).packed.values));
  }
}

}  // namespace
}  // namespace alpha
