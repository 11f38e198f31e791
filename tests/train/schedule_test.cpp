#include <cmath>

#include <gtest/gtest.h>

#include "alpha/core/json.h"
#include "alpha/train/config_hash.h"
#include "alpha/train/domains.h"
#include "alpha/train/train_config.h"

namespace alpha {
namespace {

TEST(LearningRate, WarmsUpAndFallsAsTheOriginal) {
  const TrainConfig config;  // 1000 iterations, lr 3e-4, floor 3e-5, warm-up 200
  EXPECT_NEAR(learning_rate(config, 0), 3.135e-5, 1e-15);
  EXPECT_NEAR(learning_rate(config, 199), 3e-4, 1e-15);
  EXPECT_NEAR(learning_rate(config, 600), 3e-5 + 2.7e-4 / 2, 1e-15);
  EXPECT_GT(learning_rate(config, 999), 3e-5);
  EXPECT_LT(learning_rate(config, 999), 3.001e-5);
}

TEST(LearningRate, CanDoWithoutWarmUp) {
  TrainConfig config;
  config.warmup_iters = -1;
  EXPECT_NEAR(learning_rate(config, 0), 3e-4, 1e-15);
}

TEST(ConfigHash, IsTheOriginals) {
  const Json defaults = parse_json(
      R"({"backend":"cpu_ref","batchSize":64,"beta1":0.9,"beta2":0.95,"blockSize":256,"dropout":0,)"
      R"("eps":1e-8,"evalInterval":100,"evalIters":10,"gradAccumSteps":1,"gradClip":1,"iters":1000,)"
      R"("logLevel":"info","lr":0.0003,"lrMin":0,"nEmbd":256,"nHead":8,"nLayer":6,)"
      R"("optimizer":"adamw","sampleInterval":100,"seed":42,"spikeThreshold":0,"tokenizer":"bpe",)"
      R"("trace":false,"vocabSize":256,"warmupIters":0,"weightDecay":0.1})",
      "test");
  EXPECT_EQ(config_hash(defaults, Json::object()), "75f008d4");
}

TEST(ConfigHash, WritesNumbersAsJavaScript) {
  EXPECT_EQ(javascript_number(1e-8), "1e-8");
  EXPECT_EQ(javascript_number(0.0003), "0.0003");
  EXPECT_EQ(javascript_number(0.000001), "0.000001");
  EXPECT_EQ(javascript_number(1), "1");
  EXPECT_EQ(javascript_number(-12.5), "-12.5");
  EXPECT_EQ(javascript_number(1e21), "1e+21");
  EXPECT_EQ(javascript_number(123456789012.0), "123456789012");
  EXPECT_EQ(javascript_number(1.5e-7), "1.5e-7");
}

TEST(TrainConfig, SurvivesJson) {
  TrainConfig config = find_domain("super_chat").train;
  config.dtype = DType::bf16;
  config.seed = 7;
  EXPECT_EQ(train_config_from_json(to_json(config), "test"), config);
}

TEST(TrainConfig, SaysWhatIsWrongWithTheNumbers) {
  TrainConfig config;
  config.iters = 0;
  EXPECT_THROW(config.validate(), Error);
  config = {};
  config.lr = std::nan("");
  EXPECT_THROW(config.validate(), Error);
  config = {};
  config.beta2 = 1;
  EXPECT_THROW(config.validate(), Error);
  config = {};
  config.optimizer = "adagrad";
  EXPECT_THROW(config.validate(), Error);
  config = {};
  config.momentum = 1;
  EXPECT_THROW(config.validate(), Error);
}

TEST(TrainConfig, AnOptimizerBringsItsUsualSettings) {
  TrainConfig config = find_domain("chat").train;
  config.use_optimizer("adamw");
  EXPECT_EQ(config, find_domain("chat").train);
  EXPECT_FALSE(to_json(config).contains("momentum"));
  config.use_optimizer("sgd");
  EXPECT_EQ(config.optimizer, "sgd");
  EXPECT_DOUBLE_EQ(config.lr, 0.01);
  EXPECT_DOUBLE_EQ(config.momentum, 0.9);
  EXPECT_EQ(train_config_from_json(to_json(config), "test"), config);
  config = {};
  config.use_optimizer("lion");
  EXPECT_DOUBLE_EQ(config.lr, 1e-4);
  EXPECT_DOUBLE_EQ(config.beta2, 0.99);
  EXPECT_THROW(config.use_optimizer("adagrad"), Error);
}

TEST(Domains, HoldTheOriginalsPresets) {
  EXPECT_EQ(domains().size(), 10U);
  const Domain& chat = find_domain("chat");
  EXPECT_EQ(chat.model.n_embd, 256);
  EXPECT_DOUBLE_EQ(chat.train.lr, 5e-5);
  EXPECT_EQ(chat.prompts.front(), "<|user|> Hello, how are you? <|assistant|>");
  try {
    find_domain("chta");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("chat"), std::string::npos);
  }
}

}  // namespace
}  // namespace alpha
