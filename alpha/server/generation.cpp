#include "alpha/server/generation.h"

#include <utility>

#include "alpha/server/service.h"

namespace alpha {

std::string_view finish_reason_of(StopReason reason) noexcept {
  switch (reason) {
    case StopReason::length:
    case StopReason::cancelled:
    case StopReason::error: return "length";
    case StopReason::end_of_text:
    case StopReason::stop_token:
    case StopReason::stop_string:
    case StopReason::complete: return "stop";
  }
  return "stop";
}

void Generation::start(std::shared_ptr<Call> call, std::shared_ptr<ServedModel> model,
                       std::vector<GenerateRequest> requests,
                       std::unique_ptr<AnswerWriter> writer) {
  call->service().check_accepting();
  const auto generation =
      std::make_shared<Generation>(std::move(call), std::move(model), std::move(writer));
  generation->submit(std::move(requests));
}

Generation::Generation(std::shared_ptr<Call> call, std::shared_ptr<ServedModel> model,
                       std::unique_ptr<AnswerWriter> writer)
    : call_(std::move(call)),
      model_(std::move(model)),
      writer_(std::move(writer)) {
  call_->service().add(this);
}

Generation::~Generation() {
  close();
}

void Generation::submit(std::vector<GenerateRequest> requests) {
  const std::shared_ptr<http::Exchange> exchange = call_->exchange();
  wake_->generation = weak_from_this();
  for (GenerateRequest& request : requests) {
    n_open_ += request.n;
    usage_.n_prompt += std::ssize(request.prompt);
    token_times_.emplace_back(static_cast<std::size_t>(request.n));
    has_grammar_ = has_grammar_ || request.grammar != nullptr;
    request.max_queue_seconds = call_->service().settings().max_queue_seconds;
    // Called on the scheduler's thread, which must never be the last to hold a generation.
    request.on_event = [wake = wake_, exchange] {
      if (wake->is_posted.exchange(true)) return;
      exchange->post([wake] {
        if (const auto generation = wake->generation.lock()) generation->read();
      });
    };
    completions_.push_back(model_->scheduler().submit(std::move(request)));
  }
  exchange->on_leave([self = shared_from_this()] { self->leave(); });
}

void Generation::read() {
  const auto self = shared_from_this();
  wake_->is_posted.store(false);
  try {
    read_events();
  } catch (const std::exception& error) {
    call_->service().tell(*call_, error.what());
    fail(to_api_error(error));
  }
}

void Generation::read_events() {
  for (std::size_t i = 0; i < completions_.size(); ++i) {
    while (!is_closed_ && completions_[i]->try_next(event_)) take(i, event_);
    if (is_closed_) return;
  }
  if (has_token_) count_tokens();
  if (n_open_ == 0) finish();
}

void Generation::take(std::size_t prompt, TokenEvent& event) {
  measure(prompt, event);
  if (event.kind == EventKind::end) {
    --n_open_;
    if (event.stop_reason == StopReason::error) {
      ApiError error = to_api_error(event.error_code, event.error);
      if (error.status >= 500) call_->service().tell(*call_, event.error);
      // A vocabulary that cannot write what was asked for.
      if (error.status == 400 && has_grammar_) error.param = "response_format";
      return fail(error);
    }
    if (event.sample == 0) usage_.n_cached += event.usage.n_cached_tokens;
    finish_reason_ = to_string(event.stop_reason);
  }
  if (event.kind == EventKind::token) ++usage_.n_completion;
  writer_->on_event(*call_, prompt, event);
}

void Generation::measure(std::size_t prompt, const TokenEvent& event) {
  ServiceMetrics& metrics = call_->service().metrics();
  const std::string& model = call_->log.model;
  if (event.kind == EventKind::token) {
    const double now = call_->service().clock().seconds();
    if (!std::exchange(has_token_, true)) {
      metrics.observe_first_token(model, now - call_->begun_at());
    }
    double& last = token_times_[prompt][static_cast<std::size_t>(event.sample)];
    if (last > 0) metrics.observe_between_tokens(model, now - last);
    last = now;
  } else if (event.kind == EventKind::end && event.sample == 0) {
    metrics.observe_queue(model, event.usage.queue_seconds);
  }
}

void Generation::fail(const ApiError& error) {
  if (is_closed_) return;
  finish_reason_ = "error";
  call_->service().fail(*call_, error);
  close();
}

void Generation::finish() {
  writer_->on_finish(*call_, usage_);
  close();
}

void Generation::leave() {
  finish_reason_ = "cancelled";
  close();
}

void Generation::cut_short() {
  for (const auto& completion : completions_) completion->cancel();
}

/// Tells the metrics what there is since it last did.
void Generation::count_tokens() {
  call_->service().metrics().count_tokens(call_->log.model, usage_.n_prompt - counted_.n_prompt,
                                          usage_.n_cached - counted_.n_cached,
                                          usage_.n_completion - counted_.n_completion);
  counted_ = usage_;
}

/// Lets go of the scheduler: what still runs is cancelled.
void Generation::close() {
  if (std::exchange(is_closed_, true)) return;
  completions_.clear();
  if (finish_reason_.empty()) finish_reason_ = "error";
  call_->log.n_prompt_tokens = usage_.n_prompt;
  call_->log.n_tokens = usage_.n_completion;
  call_->log.finish_reason = finish_reason_;
  Service& service = call_->service();
  service.metrics().observe_request(call_->log.model, service.clock().seconds() - call_->begun_at(),
                                    finish_reason_);
  count_tokens();
  service.remove(this, finish_reason_ != "cancelled" && finish_reason_ != "error",
                 std::move(model_));
}

}  // namespace alpha
