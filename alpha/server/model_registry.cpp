#include "alpha/server/model_registry.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <iterator>
#include <utility>

#include "alpha/core/suggest.h"
#include "alpha/server/api_error.h"

namespace alpha {

namespace fs = std::filesystem;

namespace {

constexpr double kUrgentSeconds = 3;  // that a load waits for models that answer without a pause
constexpr double kRetrySeconds = 60;  // for a latest checkpoint that could not be loaded

[[noreturn]] void fail_unknown(std::string_view name, const RunList& runs) {
  std::vector<std::string_view> names;
  for (const auto& run : runs) {
    if (!run->checkpoints.empty()) names.push_back(run->id);
  }
  throw ApiError(404,
                 fmt::format("the model '{}' does not exist{}", name, did_you_mean(name, names)),
                 "model", "model_not_found");
}

[[noreturn]] void fail_checkpoint(std::string_view name, const RunInfo& run,
                                  std::string_view problem) {
  throw ApiError(404,
                 fmt::format("the model '{}' does not exist: {} of '{}'", name, problem, run.id),
                 "model", "model_not_found");
}

const RunCheckpoint& find_step(const RunInfo& run, std::string_view step, std::string_view name) {
  std::int64_t number = -1;
  if (step == "best") {
    if (!run.best_step) fail_checkpoint(name, run, "no checkpoint has a validation loss");
    number = *run.best_step;
  } else {
    const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), number);
    if (error != std::errc() || end != step.data() + step.size()) number = -1;
  }
  const auto at = std::ranges::find(run.checkpoints, number, &RunCheckpoint::step);
  if (at == run.checkpoints.end()) {
    fail_checkpoint(name, run, fmt::format("there is no checkpoint '{}'", step.substr(0, 40)));
  }
  return *at;
}

std::string id_of(const ModelName& name) {
  return name.is_latest ? name.run->id : fmt::format("{}@{}", name.run->id, name.checkpoint.step);
}

/// What an exception says, and whether the files are to blame: damaged, or gone.
struct Failure {
  std::string message;
  bool is_damage = false;
};

Failure failure_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& known) {
    const ErrorCode code = known.code();
    return {known.what(),
            code == ErrorCode::corrupt || code == ErrorCode::not_found || code == ErrorCode::io};
  } catch (const std::exception& other) {
    return {other.what(), false};
  }
}

}  // namespace

ModelRegistry::ModelRegistry(const ModelRegistryOptions& options, Loader load, Worker& worker,
                             std::function<void(std::function<void()>)> post, const Clock& clock,
                             std::function<void(const std::string&)> on_problem)
    : options_(options),
      load_(std::move(load)),
      worker_(worker),
      post_(std::move(post)),
      clock_(clock),
      on_problem_(std::move(on_problem)) {}

ModelRegistry::~ModelRegistry() {
  *is_alive_ = false;
}

ModelName ModelRegistry::find(std::string_view name) const {
  // A folder may have an @ in its name.
  const bool is_whole = std::ranges::any_of(
      *runs_, [&](const auto& run) { return run->id == name && !run->checkpoints.empty(); });
  const auto at = is_whole ? std::string_view::npos : name.rfind('@');
  const std::string_view base = name.substr(0, at);
  const auto is_meant = [&](const std::shared_ptr<const RunInfo>& run) {
    return !run->checkpoints.empty() && (base.empty() || run->id == base);
  };
  auto run = std::ranges::find_if(*runs_, is_meant);
  if (run == runs_->end()) {
    run = std::ranges::find_if(*runs_, [&](const std::shared_ptr<const RunInfo>& other) {
      return !other->checkpoints.empty() && other->run_id == base;
    });
  }
  if (run == runs_->end()) {
    if (name.empty()) {
      throw ApiError(404, "there is no model yet: no run folder has a checkpoint", "model",
                     "model_not_found");
    }
    fail_unknown(name, *runs_);
  }
  if (at == std::string_view::npos) return {*run, (*run)->checkpoints.back(), true};
  return {*run, find_step(**run, name.substr(at + 1), name), false};
}

ModelRegistry::Slot* ModelRegistry::find_serving(const std::string& run_id) {
  const auto serving = serving_.find(run_id);
  if (serving == serving_.end()) return nullptr;
  const auto slot = slots_.find(serving->second);
  return slot != slots_.end() && slot->second.model ? &slot->second : nullptr;
}

bool ModelRegistry::has_failed_lately(const Key& key) const {
  const auto failed = failed_at_.find(key);
  return failed != failed_at_.end() && clock_.seconds() - failed->second < kRetrySeconds;
}

/// The newest that is not known to be damaged; where all are, the newest.
const RunCheckpoint& ModelRegistry::latest_of(const RunInfo& run) const {
  for (auto at = run.checkpoints.rbegin(); at != run.checkpoints.rend(); ++at) {
    if (!has_failed_lately(key_of(*at))) return *at;
  }
  return run.checkpoints.back();
}

void ModelRegistry::open(std::string_view name, Opened opened) {
  ModelName found = find(name);
  if (found.is_latest) found.checkpoint = latest_of(*found.run);
  Slot* slot = found.is_latest ? find_serving(found.run->id) : nullptr;
  if (slot == nullptr) {
    if (!is_loaded(found.checkpoint.path)) check_waiting();
    slot = &slots_[key_of(found.checkpoint)];
    if (slot->name.run == nullptr) slot->name = found;
    if (found.is_latest) slot->name.is_latest = true;
  }
  if (!found.is_latest) slot->was_named_by_step = true;
  slot->used_at = ++n_uses_;
  if (slot->model) {
    if (found.is_latest) serving_[found.run->id] = key_of(slot->name.checkpoint);
    opened(slot->model, nullptr);
    return;
  }
  slot->waiters.push_back({std::move(opened), found.is_latest, clock_.seconds()});
  begin_loads();
}

void ModelRegistry::unload(std::string_view name) {
  ModelName found = find(name);
  if (found.is_latest) {
    found.checkpoint = latest_of(*found.run);
    forget_wanted(found.run->id);
    // What is being loaded would take the place of what is let go of.
    const Slot* serving = find_serving(found.run->id);
    const bool is_loading = state_of(found.checkpoint.path).is_loading;
    if (serving != nullptr && !is_loading) found.checkpoint = serving->name.checkpoint;
  }
  const auto slot = slots_.find(key_of(found.checkpoint));
  if (slot == slots_.end()) {
    throw ApiError(409, fmt::format("the model '{}' is not loaded", name), "model",
                   "model_not_loaded");
  }
  if (!slot->second.model) {
    throw ApiError(409, fmt::format("the model '{}' is being loaded", name), "model",
                   "model_is_loading");
  }
  drop(Key(slot->first));
  tidy();
}

void ModelRegistry::check_waiting() const {
  std::int64_t n = 0;
  for (const auto& [key, slot] : slots_) n += std::ssize(slot.waiters);
  if (n < options_.max_waiting) return;
  throw ApiError(429, fmt::format("{} requests wait for models to be loaded: try again later", n),
                 {}, "overloaded");
}

/// Who has waited the longest comes first, and is not overtaken.
void ModelRegistry::begin_loads() {
  const double now = clock_.seconds();
  const auto since = [now](const Slot& slot) {
    return slot.waiters.empty() ? now : slot.waiters.front().since;
  };
  for (;;) {
    Slot* next = nullptr;
    for (auto& [key, slot] : slots_) {
      const bool is_pending =
          !slot.model && !slot.is_loading && (!slot.waiters.empty() || slot.is_wanted);
      if (is_pending && (next == nullptr || since(slot) < since(*next))) next = &slot;
    }
    if (next == nullptr) return;
    next->size_bytes = options_.estimate_bytes ? options_.estimate_bytes(next->name) : 0;
    if (!make_room(next->size_bytes, now - since(*next) > kUrgentSeconds)) return;
    start(*next);
  }
}

bool ModelRegistry::has_pending() const {
  return std::ranges::any_of(slots_, [](const auto& entry) {
    const Slot& slot = entry.second;
    return !slot.model && !slot.is_loading && (!slot.waiters.empty() || slot.is_wanted);
  });
}

/// Tells those who have waited too long.
void ModelRegistry::end_overdue() {
  if (options_.max_wait_seconds <= 0) return;
  const auto is_overdue = [&, now = clock_.seconds()](const Waiter& waiter) {
    return now - waiter.since > options_.max_wait_seconds;
  };
  end_waiters(is_overdue, fmt::format("there was no room to load the model for {:g} s: try again "
                                      "later",
                                      options_.max_wait_seconds));
}

void ModelRegistry::end_waiting(const std::string& why) {
  end_waiters([](const Waiter&) { return true; }, why);
}

void ModelRegistry::end_waiters(const std::function<bool(const Waiter&)>& is_ended,
                                const std::string& why) {
  std::vector<Waiter> ended;
  for (auto& [key, slot] : slots_) {
    const auto first = std::ranges::stable_partition(slot.waiters, std::not_fn(is_ended)).begin();
    ended.insert(ended.end(), std::make_move_iterator(first),
                 std::make_move_iterator(slot.waiters.end()));
    slot.waiters.erase(first, slot.waiters.end());
  }
  std::erase_if(slots_, [](const auto& entry) {
    const Slot& slot = entry.second;
    return !slot.model && !slot.is_loading && !slot.is_wanted && slot.waiters.empty();
  });
  for (const Waiter& waiter : ended) {
    waiter.opened(nullptr, std::make_exception_ptr(Error(ErrorCode::overloaded, why)));
  }
}

/// Drops idle models, the one unused the longest first, until there is room. A model that is larger
/// than all the room is loaded alone.
bool ModelRegistry::make_room(std::size_t wanted_bytes, bool is_urgent) {
  std::erase_if(leaving_, [](const Leaving& leaving) { return leaving.model.expired(); });
  for (;;) {
    std::size_t total = 0;
    bool is_alone = leaving_.empty();
    for (const Leaving& leaving : leaving_) {
      if (const auto alive = leaving.model.lock()) total += alive->size_bytes();
    }
    const Slots::value_type* oldest = nullptr;
    const Slots::value_type* busiest = nullptr;
    for (const auto& entry : slots_) {
      const Slot& slot = entry.second;
      if (!slot.model && !slot.is_loading) continue;
      total += slot.size_bytes;
      is_alone = false;
      const bool is_idle = slot.model.use_count() == 1;
      if (is_idle && (oldest == nullptr || slot.used_at < oldest->second.used_at)) oldest = &entry;
      if (slot.model && !is_idle) busiest = &entry;
    }
    if (total + wanted_bytes <= options_.max_bytes || is_alone) return true;
    if (oldest == nullptr && is_urgent && leaving_.empty()) oldest = busiest;
    if (oldest == nullptr) return false;
    drop(Key(oldest->first));
  }
}

void ModelRegistry::start(Slot& slot) {
  slot.is_loading = true;
  ++n_loads_;
  const auto load = [this, key = key_of(slot.name.checkpoint), name = slot.name, load = load_,
                     post = post_, is_alive = is_alive_] {
    std::shared_ptr<ServedModel> model;
    std::exception_ptr error;
    try {
      model = load(name);
    } catch (...) {
      error = std::current_exception();
    }
    post([this, key, is_alive, model = std::move(model), error = std::move(error)]() mutable {
      if (*is_alive) finish(key, std::move(model), error);
    });
  };
  worker_.run(load);
}

void ModelRegistry::finish(const Key& key, std::shared_ptr<ServedModel> model,
                           const std::exception_ptr& error) {
  Slot& slot = slots_.at(key);
  slot.is_loading = false;
  slot.is_wanted = false;
  if (model) {
    succeed(key, model);
  } else {
    fail(key, error);
  }
  model.reset();
  tidy();
}

void ModelRegistry::succeed(const Key& key, const std::shared_ptr<ServedModel>& model) {
  Slot& slot = slots_.at(key);
  slot.model = model;
  slot.size_bytes = model->size_bytes();
  failed_at_.erase(key);
  const std::vector<Waiter> waiters = std::exchange(slot.waiters, {});
  if (slot.name.is_latest) serve(key);
  for (const Waiter& waiter : waiters) waiter.opened(model, nullptr);
}

/// Tells those who wait; those who asked for the latest wait for the checkpoint before it, where
/// this one is damaged.
void ModelRegistry::fail(const Key& key, const std::exception_ptr& error) {
  const auto node = slots_.extract(key);
  const Slot& slot = node.mapped();
  const Failure failure = failure_of(error);
  ModelName before{slot.name.run, slot.name.checkpoint, true};
  if (slot.name.is_latest && (failure.is_damage || slot.waiters.empty())) {
    failed_at_[key] = clock_.seconds();
    on_problem_(
        fmt::format("cannot load the checkpoint '{}': {}", key.first.string(), failure.message));
    before.checkpoint = latest_of(*slot.name.run);
  }
  const Key next_key = key_of(before.checkpoint);
  const bool is_handed_on = failure.is_damage && next_key != key && !has_failed_lately(next_key);
  for (const Waiter& waiter : slot.waiters) {
    if (!is_handed_on || !waiter.is_for_latest) {
      waiter.opened(nullptr, error);
    } else if (const Slot* serving = find_serving(slot.name.run->id)) {
      waiter.opened(serving->model, nullptr);
    } else {
      Slot& next = slots_[next_key];
      if (next.name.run == nullptr) next.name = before;
      next.name.is_latest = true;
      next.used_at = ++n_uses_;
      next.waiters.push_back(waiter);
    }
  }
}

/// From now on the run's name means this checkpoint.
void ModelRegistry::serve(const Key& key) {
  const std::string& run_id = slots_.at(key).name.run->id;
  const auto [serving, is_first] = serving_.try_emplace(run_id, key);
  if (is_first || serving->second == key) return;
  const Key old = std::exchange(serving->second, key);
  const auto slot = slots_.find(old);
  if (slot == slots_.end()) return;
  slot->second.name.is_latest = false;
  if (!slot->second.was_named_by_step) drop(old);
}

/// Forgets a loaded model. It goes when its last request ends.
void ModelRegistry::drop(const Key& key) {
  const auto slot = slots_.find(key);
  const std::string id = id_of(slot->second.name);
  std::shared_ptr<ServedModel> model = std::move(slot->second.model);
  slots_.erase(slot);
  if (!model) return;
  if (model.use_count() > 1) leaving_.push_back({id, model});
  worker_.run([model = std::move(model)] {});  // its end waits for a thread's
}

void ModelRegistry::update(std::shared_ptr<const RunList> runs) {
  runs_ = std::move(runs);
  std::set<Key> known;
  for (const auto& run : *runs_) {
    for (const RunCheckpoint& checkpoint : run->checkpoints) known.insert(key_of(checkpoint));
  }
  std::vector<Key> gone;
  for (const auto& [key, slot] : slots_) {
    if (slot.model && !known.contains(key)) gone.push_back(key);
  }
  for (const auto& run : *runs_) follow(run);
  // A checkpoint that was replaced is served until its replacement is loaded.
  for (const Key& key : gone) {
    const auto slot = slots_.find(key);
    if (slot == slots_.end()) continue;  // another has taken its place already
    const auto serving = serving_.find(slot->second.name.run->id);
    const bool is_followed = serving != serving_.end() && serving->second == key &&
                             std::ranges::any_of(*runs_, [&](const auto& run) {
                               return run->id == serving->first && !run->checkpoints.empty();
                             });
    if (!is_followed) drop(key);
  }
  tidy();
}

/// Begins to load the newest checkpoint of a run of which an older one is served.
void ModelRegistry::follow(const std::shared_ptr<const RunInfo>& run) {
  if (run->checkpoints.empty() || find_serving(run->id) == nullptr) return;
  const RunCheckpoint& newest = run->checkpoints.back();
  const Key key = key_of(newest);
  if (serving_.at(run->id) == key) return;
  if (has_failed_lately(key)) return;
  forget_wanted(run->id);
  Slot& slot = slots_[key];
  slot.name = {run, newest, true};
  if (slot.model) return serve(key);
  slot.is_wanted = true;
  slot.used_at = ++n_uses_;
}

/// Newer checkpoints of a run that nobody waits for, and that nobody has begun to load.
void ModelRegistry::forget_wanted(const std::string& run_id) {
  std::erase_if(slots_, [&](const auto& entry) {
    const Slot& slot = entry.second;
    return slot.is_wanted && !slot.is_loading && !slot.model && slot.waiters.empty() &&
           slot.name.run->id == run_id;
  });
}

void ModelRegistry::tidy() {
  end_overdue();
  begin_loads();
  make_room(0);
}

ModelRegistry::CheckpointState ModelRegistry::state_of(const fs::path& checkpoint) const {
  CheckpointState state;
  for (const auto& [key, slot] : slots_) {
    if (key.first != checkpoint) continue;
    if (slot.model)
      state.loaded_bytes = slot.size_bytes;
    else
      state.is_loading = true;
  }
  return state;
}

std::vector<ModelRegistry::Loaded> ModelRegistry::loaded() const {
  std::vector<Loaded> models;
  for (const auto& [key, slot] : slots_) {
    if (slot.model) models.push_back({id_of(slot.name), slot.model});
  }
  for (const Leaving& leaving : leaving_) {
    if (auto alive = leaving.model.lock()) models.push_back({leaving.id, std::move(alive)});
  }
  return models;
}

std::size_t ModelRegistry::n_served() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(*runs_, [](const auto& run) { return !run->checkpoints.empty(); }));
}

std::size_t ModelRegistry::loaded_bytes() const {
  std::size_t total = 0;
  for (const auto& [key, slot] : slots_) {
    if (slot.model) total += slot.size_bytes;
  }
  for (const Leaving& leaving : leaving_) {
    if (const auto alive = leaving.model.lock()) total += alive->size_bytes();
  }
  return total;
}

}  // namespace alpha
