#include "alpha/server/live_feed.h"

#include <algorithm>

namespace alpha {

namespace {

constexpr std::size_t kMaxUnsentBytes = 4 * 1024 * 1024;

std::string event_text(std::string_view name, const Json& data) {
  return fmt::format("event: {}\ndata: {}\n\n", name, to_text(data));
}

}  // namespace

void LiveFeed::subscribe(const std::shared_ptr<Call>& call, const Json& snapshot) {
  call->begin();
  if (call->request().method == "HEAD") return call->end();
  call->write(event_text("snapshot", snapshot));
  calls_.push_back(call);
  call->exchange()->on_leave([this, watched = std::weak_ptr<Call>(call)] {
    const auto left = watched.lock();
    std::erase_if(calls_, [&](const auto& other) { return other == left; });
  });
}

void LiveFeed::send(const std::vector<RunEvent>& events) {
  for (const RunEvent& event : events) send_text(event_text(event.name, event.data));
}

void LiveFeed::close() {
  for (const auto& call : std::exchange(calls_, {})) call->end();
}

void LiveFeed::send_text(const std::string& text) {
  std::vector<std::shared_ptr<Call>> slow;
  for (const auto& call : calls_) {
    if (call->exchange()->unsent_bytes() > kMaxUnsentBytes) {
      slow.push_back(call);
    } else {
      call->write(text);
    }
  }
  for (const auto& call : slow) {
    call->end();
    std::erase(calls_, call);
  }
}

}  // namespace alpha
