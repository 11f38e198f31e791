#include "alpha/runs/report_queue.h"

namespace alpha {

namespace {

constexpr std::size_t kBatch = 500;
constexpr std::size_t kMaxSamples = 300;
constexpr std::size_t kMaxEvents = 1000;
constexpr std::size_t kMaxSampleBytes = 20 * 1024;
constexpr std::size_t kSamplesAtOnce = 20;

/// The start of a text that is much longer than samples are.
void shorten(Json& sample, const char* key) {
  auto text = sample.value(key, std::string());
  if (text.size() <= kMaxSampleBytes) return;
  text.resize(kMaxSampleBytes);  // what is cut inside a character is replaced when it is sent
  sample[key] = std::move(text);
}

}  // namespace

void ReportQueue::add_metrics(Json metrics) {
  metrics_.push_back(std::move(metrics));
  drop_oldest();
}

void ReportQueue::add_sample(std::int64_t step, Json sample) {
  shorten(sample, "prompt");
  shorten(sample, "output");
  samples_.emplace_back(step, std::move(sample));
  drop_oldest();
}

void ReportQueue::add_event(Json event) {
  events_.push_back(std::move(event));
  drop_oldest();
}

void ReportQueue::drop_oldest() {
  for (; metrics_.size() > max_metrics_; ++n_dropped_) metrics_.pop_front();
  while (samples_.size() > kMaxSamples) samples_.pop_front();
  while (events_.size() > kMaxEvents) events_.pop_front();
}

Json ReportQueue::take_message() {
  Json items = Json::array();
  if (!metrics_.empty()) {
    for (; !metrics_.empty() && items.size() < kBatch; metrics_.pop_front()) {
      items.push_back(std::move(metrics_.front()));
    }
    return {{"type", "metrics"}, {"metrics", std::move(items)}};
  }
  if (!samples_.empty()) {
    const std::int64_t step = samples_.front().first;
    for (; !samples_.empty() && samples_.front().first == step && items.size() < kSamplesAtOnce;
         samples_.pop_front()) {
      items.push_back(std::move(samples_.front().second));
    }
    return {{"type", "samples"}, {"step", step}, {"samples", std::move(items)}};
  }
  if (events_.empty()) return nullptr;
  for (; !events_.empty() && items.size() < kBatch; events_.pop_front()) {
    items.push_back(std::move(events_.front()));
  }
  return {{"type", "events"}, {"events", std::move(items)}};
}

void ReportQueue::put_back(Json&& message) {
  const std::string type = message.at("type").get<std::string>();
  Json& items = message.at(type);
  for (auto it = items.rbegin(); it != items.rend(); ++it) {
    if (type == "metrics") {
      metrics_.push_front(std::move(*it));
    } else if (type == "samples") {
      samples_.emplace_front(message.at("step").get<std::int64_t>(), std::move(*it));
    } else {
      events_.push_front(std::move(*it));
    }
  }
  drop_oldest();
}

void ReportQueue::give_up(const Json& message) {
  if (message.at("type") == "metrics") n_dropped_ += std::ssize(message.at("metrics"));
}

}  // namespace alpha
