#include "alpha/helios/tuner.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "alpha/core/clock.h"
#include "alpha/core/error.h"
#include "alpha/core/files.h"
#include "alpha/core/json.h"

namespace alpha::helios {

namespace {

constexpr int kFormat = 1;

// Clocks are low after the wait for a compiler, and times of small work are rough. Seconds of the
// device; rounds have each candidate once.
constexpr double kWarmUpSeconds = 0.04;
constexpr std::size_t kMostWarmUpRounds = 50;
constexpr double kMeasuredSeconds = 0.02;
constexpr std::size_t kLeastRounds = 5;
constexpr std::size_t kMostRounds = 25;

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// Of each candidate.
std::vector<double> medians_of(std::size_t n_candidates, const Tuner::Measure& measure) {
  std::vector<std::vector<double>> times(n_candidates);
  const auto do_round = [&] {
    double sum = 0;
    for (std::size_t i = 0; i < n_candidates; ++i) {
      times[i].push_back(measure(i));
      if (std::isfinite(times[i].back())) sum += times[i].back();
    }
    return sum;
  };
  double worked = 0;
  for (std::size_t n = 0; n < kMostWarmUpRounds && (n == 0 || worked < kWarmUpSeconds); ++n) {
    worked += do_round();
  }
  for (std::vector<double>& one : times) one.clear();
  worked = 0;
  for (std::size_t n = 0; n < kLeastRounds || (n < kMostRounds && worked < kMeasuredSeconds); ++n) {
    worked += do_round();
  }
  std::vector<double> medians;
  for (std::vector<double>& one : times) medians.push_back(median(std::move(one)));
  return medians;
}

/// The first, unless another is faster by more than times differ by chance.
std::size_t best_of(const std::vector<double>& seconds) {
  constexpr double kTie = 1.02;
  const auto least = std::ranges::min_element(seconds);
  if (seconds.front() <= *least * kTie) return 0;
  return static_cast<std::size_t>(least - seconds.begin());
}

}  // namespace

Tuner::Tuner(bool is_on, const std::filesystem::path& cache_folder, std::string device)
    : is_on_(is_on),
      device_(std::move(device)) {
  if (!is_on || cache_folder.empty()) return;
  file_ = cache_folder / ("helios-" + device_ + ".json");
  load();
}

Tuner::~Tuner() {
  if (is_new_ && !file_.empty()) save();
}

void Tuner::load() {
  try {
    if (file_status(file_).kind != FileKind::regular) return;  // a pipe would be waited for
    const std::string where = file_.string();
    const Json file = read_json_file(file_);
    if (json_get<int>(file, "format", where) != kFormat ||
        json_get<std::string>(file, "device", where) != device_) {
      return;
    }
    const Json choices = json_get<Json>(file, "choices", where);
    std::map<std::string, Entry> entries;
    for (const auto& [key, name] : choices.items()) {
      entries[key] = {.name = json_get<std::string>(choices, key.c_str(), where), .is_kept = true};
    }
    entries_ = std::move(entries);
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): then all is measured anew
  }
}

void Tuner::save() const noexcept {
  try {
    Json choices = Json::object();
    for (const auto& [key, entry] : entries_) {
      if (entry.is_kept) choices[key] = entry.name;
    }
    const Json file = {{"format", kFormat}, {"device", device_}, {"choices", std::move(choices)}};
    write_file_atomic(file_, file.dump(1) + "\n");
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): the next process measures anew
  }
}

std::size_t Tuner::choose(const std::string& key, std::span<const std::string_view> candidates,
                          const Measure& measure) {
  if (!is_on_ || candidates.size() < 2) return 0;
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[key];
    entry.is_wanted = true;
    const auto known = std::ranges::find(candidates, entry.name);
    if (known != candidates.end()) return static_cast<std::size_t>(known - candidates.begin());
    entry = {.name = std::string(candidates[0]), .is_wanted = true};
  }
  const SystemClock clock;
  const double start = clock.seconds();
  std::vector<double> seconds;
  try {
    seconds = medians_of(candidates.size(), measure);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::device_lost) throw;
    return 0;
  }
  const std::size_t best = best_of(seconds);
  const std::lock_guard lock(mutex_);
  entries_[key] = {.name = std::string(candidates[best]),
                   .seconds = std::move(seconds),
                   .is_kept = true,
                   .is_wanted = true};
  seconds_ += clock.seconds() - start;
  is_new_ = true;
  return best;
}

Tuner::Report Tuner::report() const {
  const std::lock_guard lock(mutex_);
  Report report = {.choices = {}, .seconds = seconds_};
  for (const auto& [key, entry] : entries_) {
    if (entry.is_wanted) report.choices.push_back({key, entry.name, entry.seconds});
  }
  return report;
}

}  // namespace alpha::helios
