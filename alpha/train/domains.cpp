#include "alpha/train/domains.h"

#include "alpha/core/suggest.h"

namespace alpha {

namespace {

GptConfig shape(std::int64_t block_size, std::int64_t n_layer, std::int64_t n_embd,
                std::int64_t n_head) {
  return {.block_size = block_size, .n_layer = n_layer, .n_embd = n_embd, .n_head = n_head};
}

TrainConfig with_tokenizer(std::string_view tokenizer) {
  TrainConfig config;
  config.tokenizer = tokenizer;
  return config;
}

std::string turn(std::string_view message) {
  return fmt::format("<|user|> {} <|assistant|>", message);
}

Domain novels() {
  return {.id = "novels",
          .display_name = "Novels",
          .model = shape(128, 6, 128, 8),
          .train = with_tokenizer("bpe"),
          .prompts = {"The ", "Once upon a time", "He walked into"}};
}

Domain chords() {
  return {.id = "chords",
          .display_name = "Chord Progressions",
          .model = shape(64, 3, 64, 4),
          .train = with_tokenizer("word"),
          .prompts = {"Em7 G Dsus4", "Am F C G", "D A Bm G"}};
}

Domain abc() {
  return {.id = "abc",
          .display_name = "ABC Notation",
          .model = shape(256, 4, 128, 4),
          .train = with_tokenizer("char"),
          .prompts = {"X:1\nM:4/4\nK:G\n|:G", "X:1\nM:6/8\nK:D\nA|:d", "X:1\nM:4/4\nK:Ador\nE"}};
}

Domain dumb_finance() {
  return {.id = "dumb_finance",
          .display_name = "Dumb Finance",
          .model = shape(256, 6, 128, 8),
          .train = with_tokenizer("char"),
          .prompts = {"1708300800000|AAPL|BID|", "1708300800000|TSLA|ASK|",
                      "1708300800000|NVDA|TRADE|"}};
}

Domain chaos() {
  Domain domain{.id = "chaos",
                .display_name = "Chaos",
                .model = shape(128, 6, 128, 8),
                .train = with_tokenizer("bpe-4k"),
                .prompts = {"The word ", "Once there was a ", "She noticed the "}};
  domain.train.lr = 5e-4;
  return domain;
}

Domain concordance() {
  Domain domain{
      .id = "concordance",
      .display_name = "Concordance",
      .model = shape(1024, 12, 768, 12),
      .train = with_tokenizer("bpe-64k"),
      .prompts = {"The ", "When in the Course of human events", "It was a dark and stormy"}};
  domain.train.lr = 6e-4;
  domain.train.batch_size = 4;
  return domain;
}

Domain chat() {
  Domain domain{
      .id = "chat",
      .display_name = "Chat",
      .model = shape(256, 6, 256, 8),
      .train = with_tokenizer("bpe-4k"),
      .prompts = {turn("Hello, how are you?"), turn("What do you like to do for fun?"),
                  turn("Tell me about yourself."), turn("What is the meaning of life?"),
                  turn("Can you help me with something?"), turn("Tell me a joke"),
                  turn("What do you think about music?"), turn("I'm feeling sad today.")}};
  domain.model.dropout = 0.1;
  domain.train.lr = 5e-5;
  domain.train.lr_min = 5e-6;
  domain.train.warmup_iters = 1000;
  domain.train.eps = 1e-6;
  domain.train.batch_size = 16;
  domain.train.sample_interval = 500;
  return domain;
}

Domain super_chat() {
  Domain domain{.id = "super_chat",
                .display_name = "Super Chat",
                .model = shape(256, 4, 128, 4),
                .train = with_tokenizer("bpe-chat-4k"),
                .prompts = {turn("Hello, how are you?"), turn("What do you like to do for fun?"),
                            turn("Tell me about yourself.")}};
  domain.model.dropout = 0.1;
  domain.model.activation = FfnActivation::silu;
  domain.train.lr = 8e-5;
  domain.train.lr_min = 8e-6;
  domain.train.warmup_iters = 2000;
  domain.train.weight_decay = 0.01;
  domain.train.batch_size = 10;
  domain.train.grad_accum_steps = 2;
  domain.train.grad_clip = 0.4;
  domain.train.spike_threshold = 60;
  domain.train.sample_interval = 200;
  domain.train.eval_interval = 200;
  return domain;
}

Domain nanochat() {
  Domain domain{
      .id = "nanochat",
      .display_name = "NanoChat",
      .model = shape(512, 16, 512, 8),
      .train = with_tokenizer("bpe-chat-4k"),
      .prompts = {turn("Hello! Who are you?"), turn("What is the meaning of life?"),
                  turn("Tell me something interesting about science."),
                  turn("Can you help me understand how computers work?"),
                  turn("What do you think about music?"), turn("I had a rough day today.")}};
  domain.model.activation = FfnActivation::swiglu;
  domain.train.lr_min = 3e-5;
  domain.train.warmup_iters = 500;
  domain.train.batch_size = 4;
  domain.train.grad_accum_steps = 4;
  domain.train.spike_threshold = 50;
  domain.train.sample_interval = 500;
  domain.train.eval_interval = 250;
  return domain;
}

Domain fine_corpus() {
  Domain domain{.id = "fine_corpus",
                .display_name = "Fine Corpus",
                .model = shape(512, 8, 384, 6),
                .train = with_tokenizer("bpe-8k"),
                .prompts = {"The ", "In the early ", "According to ", "One of the most ",
                            "Scientists have "}};
  domain.train.lr = 6e-4;
  domain.train.lr_min = 6e-5;
  domain.train.warmup_iters = 500;
  domain.train.beta2 = 0.999;
  domain.train.batch_size = 4;
  domain.train.spike_threshold = 10000;
  domain.train.sample_interval = 2000;
  domain.train.eval_interval = 500;
  return domain;
}

}  // namespace

std::span<const Domain> domains() {
  static const std::vector<Domain> all = {novels(),   chords(),      abc(),  dumb_finance(),
                                          chaos(),    concordance(), chat(), super_chat(),
                                          nanochat(), fine_corpus()};
  return all;
}

const Domain& find_domain(std::string_view id) {
  std::vector<std::string_view> ids;
  for (const Domain& domain : domains()) {
    if (domain.id == id) return domain;
    ids.push_back(domain.id);
  }
  fail_invalid("unknown domain '{}', expected one of: {}{}", id, fmt::join(ids, ", "),
               did_you_mean(id, ids));
}

}  // namespace alpha
