#include "alpha/http/deadlines.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "alpha/http/connection.h"
#include "alpha/http/loop.h"

namespace alpha::http {

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

}  // namespace

Deadlines::Deadlines(Loop& loop, const std::array<std::int64_t, kWaits>& timeouts_ms)
    : loop_(loop),
      armed_s_(kNever) {
  std::transform(timeouts_ms.begin(), timeouts_ms.end(), timeouts_s_.begin(),
                 [](std::int64_t ms) { return static_cast<double>(ms) / 1000; });
  timeouts_s_[static_cast<std::size_t>(Wait::nothing)] = kNever;
}

Deadlines::~Deadlines() = default;

Deadlines::Place Deadlines::add(std::shared_ptr<Connection> connection) {
  std::list<Entry>& list = list_of(Wait::nothing);
  list.push_back({.connection = std::move(connection), .wait = Wait::nothing, .due_s = kNever});
  ++size_;
  return std::prev(list.end());
}

void Deadlines::move(Place place, Wait wait) {
  std::list<Entry>& to = list_of(wait);
  to.splice(to.end(), list_of(place->wait), place);
  place->wait = wait;
  if (wait == Wait::nothing) return;
  place->due_s = clock_.seconds() + timeouts_s_[static_cast<std::size_t>(wait)];
  if (place->due_s < armed_s_) arm(place->due_s);
}

void Deadlines::remove(Place place) {
  list_of(place->wait).erase(place);
  --size_;
}

std::shared_ptr<Connection> Deadlines::longest(Wait wait) {
  const std::list<Entry>& list = list_of(wait);
  return list.empty() ? nullptr : list.front().connection;
}

void Deadlines::arm(double due_s) {
  armed_s_ = due_s;
  const double delay_ms = std::ceil((due_s - clock_.seconds()) * 1000);
  loop_.call_after(static_cast<std::int64_t>(std::clamp(delay_ms, 0.0, 1e9)),
                   [this, n = ++n_armed_] {
                     if (n == n_armed_) on_timer();
                   });
}

void Deadlines::on_timer() {
  armed_s_ = kNever;
  const double now_s = clock_.seconds();
  double next_s = kNever;
  for (std::size_t i = 1; i < kWaits; ++i) {
    std::list<Entry>& list = lists_[i];
    while (!list.empty() && list.front().due_s <= now_s) {
      const std::shared_ptr<Connection> late = list.front().connection;
      move(list.begin(), Wait::nothing);
      late->on_timeout(static_cast<Wait>(i));
    }
    if (!list.empty()) next_s = std::min(next_s, list.front().due_s);
  }
  if (next_s < armed_s_) arm(next_s);
}

}  // namespace alpha::http
