#include "alpha/inference/request_queue.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace alpha {

namespace {

using Jobs = std::deque<std::shared_ptr<Job>>;

std::int64_t n_waiting(const Jobs& jobs, std::uint64_t client) {
  return std::ranges::count_if(
      jobs, [client](const std::shared_ptr<Job>& job) { return job->request.client == client; });
}

/// The youngest job of the client that has the most waiting, if those are more than `n`.
Jobs::iterator find_displaceable(Jobs& jobs, std::int64_t n) {
  std::map<std::uint64_t, std::int64_t> counts;
  for (const auto& job : jobs) ++counts[job->request.client];
  const auto most = std::ranges::max_element(counts, {}, [](const auto& c) { return c.second; });
  if (most == counts.end() || most->second <= n) return jobs.end();
  const auto youngest = std::find_if(jobs.rbegin(), jobs.rend(), [&](const auto& job) {
    return job->request.client == most->first;
  });
  return std::prev(youngest.base());
}

}  // namespace

std::shared_ptr<Job> RequestQueue::push(std::shared_ptr<Job> job) {
  std::shared_ptr<Job> displaced;
  {
    const std::lock_guard lock(mutex_);
    if (is_closed_) fail(ErrorCode::overloaded, "the scheduler is shutting down");
    if (jobs_.size() >= capacity_) {
      const auto at = find_displaceable(jobs_, n_waiting(jobs_, job->request.client) + 1);
      if (at == jobs_.end()) {
        fail(ErrorCode::overloaded,
             "{} requests wait already, expected at most {}: try again later", jobs_.size(),
             capacity_);
      }
      displaced = std::move(*at);
      jobs_.erase(at);
    }
    jobs_.push_back(std::move(job));
  }
  has_changed_.notify_one();
  return displaced;
}

std::shared_ptr<Job> RequestQueue::pop(std::int64_t max_samples, const Count& count_active) {
  const std::lock_guard lock(mutex_);
  if (jobs_.empty() || max_samples == 0) return nullptr;
  const auto last_of = [](const auto& turns, const auto& who) {
    const auto turn = turns.find(who);
    return turn == turns.end() ? std::uint64_t{0} : turn->second;
  };
  using Rank = std::tuple<std::int64_t, std::uint64_t, std::int64_t, std::uint64_t>;
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
  auto best = jobs_.end();
  Rank least;
  for (auto at = jobs_.begin(); at != jobs_.end(); ++at) {
    const std::pair who((*at)->request.client, (*at)->request.user);
    if (!seen.insert(who).second) continue;  // an earlier job of this user was looked at
    const Active active = count_active(who.first, who.second);
    const Rank rank(active.of_client, last_of(turns_, who.first), active.of_user,
                    last_of(user_turns_, who));
    if (best != jobs_.end() && rank >= least) continue;
    best = at;
    least = rank;
  }
  const GenerateRequest& request = (*best)->request;
  if (request.n > max_samples) return nullptr;
  constexpr std::size_t kMostRemembered = 4096;
  if (user_turns_.size() >= kMostRemembered) {
    turns_.clear();
    user_turns_.clear();
  }
  turns_[request.client] = ++n_turns_;
  user_turns_[{request.client, request.user}] = n_turns_;
  std::shared_ptr<Job> job = std::move(*best);
  jobs_.erase(best);
  return job;
}

template<class Predicate>
std::vector<std::shared_ptr<Job>> RequestQueue::remove_if(const Predicate& predicate) {
  std::vector<std::shared_ptr<Job>> removed;
  const std::lock_guard lock(mutex_);
  std::erase_if(jobs_, [&](const std::shared_ptr<Job>& job) {
    const bool is_removed = predicate(*job);
    if (is_removed) removed.push_back(job);
    return is_removed;
  });
  return removed;
}

std::vector<std::shared_ptr<Job>> RequestQueue::remove_cancelled(bool is_every_one) {
  return remove_if([&](const Job& job) {
    return is_every_one || job.is_cancelled.load(std::memory_order_relaxed);
  });
}

std::vector<std::shared_ptr<Job>> RequestQueue::remove_overdue(double now) {
  return remove_if([&](const Job& job) {
    const double most = job.request.max_queue_seconds;
    return most > 0 && now - job.submitted_at > most;
  });
}

bool RequestQueue::wait() const {
  std::unique_lock lock(mutex_);
  has_changed_.wait(lock, [this] { return is_closed_ || !jobs_.empty(); });
  return !jobs_.empty();
}

void RequestQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  has_changed_.notify_all();
}

std::size_t RequestQueue::size() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

}  // namespace alpha
