#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "alpha/server/call.h"
#include "alpha/server/served_model.h"

namespace alpha {

/// Tokens of all prompts and samples of a call.
struct TokenUsage {
  std::int64_t n_prompt = 0;
  std::int64_t n_cached = 0;
  std::int64_t n_completion = 0;
};

/// Turns the events of a call's prompts into its answer.
class AnswerWriter {
 public:
  virtual ~AnswerWriter() = default;

  /// `prompt`: which of the call's. The event may be taken apart. Ends come too; errors do not.
  virtual void on_event(Call& call, std::size_t prompt, TokenEvent& event) = 0;

  /// All samples of all prompts have ended.
  virtual void on_finish(Call& call, const TokenUsage& usage) = 0;
};

/// "length" or "stop", as OpenAI has it. A text that the server cut short for its own end is one of
/// "length".
std::string_view finish_reason_of(StopReason reason) noexcept;

/// A call while its prompts are at work: hands its requests to the scheduler and their events to
/// the writer. When the client leaves, it ends within one step.
class Generation : public std::enable_shared_from_this<Generation> {
 public:
  /// Begins. The answer is not begun before the first event, so that a call that finds the queue
  /// full gets a status of its own. Error: what the scheduler refused; ApiError 503.
  static void start(std::shared_ptr<Call> call, std::shared_ptr<ServedModel> model,
                    std::vector<GenerateRequest> requests, std::unique_ptr<AnswerWriter> writer);

  Generation(std::shared_ptr<Call> call, std::shared_ptr<ServedModel> model,
             std::unique_ptr<AnswerWriter> writer);
  ~Generation();
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  /// Cuts all texts short; the answer is completed with what there is.
  void cut_short();

 private:
  /// How the scheduler's thread says that there are events: many become one task.
  struct Wake {
    std::atomic<bool> is_posted{false};
    std::weak_ptr<Generation> generation = {};  // for the server's thread
  };

  void submit(std::vector<GenerateRequest> requests);
  void read();
  void read_events();
  void take(std::size_t prompt, TokenEvent& event);
  void fail(const ApiError& error);
  void finish();
  void leave();
  void close();
  void measure(std::size_t prompt, const TokenEvent& event);
  void count_tokens();

  std::shared_ptr<Call> call_;
  std::shared_ptr<ServedModel> model_;
  std::unique_ptr<AnswerWriter> writer_;
  std::vector<std::unique_ptr<Completion>> completions_;
  std::int64_t n_open_ = 0;  // samples that have not ended
  TokenUsage usage_;
  TokenUsage counted_;  // of that, what the metrics have been told
  std::string finish_reason_;
  std::vector<std::vector<double>>
      token_times_;  // of each prompt's samples: the last token; 0: none
  bool has_token_ = false;
  bool has_grammar_ = false;
  bool is_closed_ = false;
  std::shared_ptr<Wake> wake_ = std::make_shared<Wake>();
  TokenEvent event_;
};

}  // namespace alpha
