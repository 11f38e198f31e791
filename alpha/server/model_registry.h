#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/runs/run_store.h"
#include "alpha/server/served_model.h"
#include "alpha/server/worker.h"

namespace alpha {

/// What a model's name means: `name` (the latest checkpoint), `name@step`, `name@best`.
struct ModelName {
  std::shared_ptr<const RunInfo> run;
  RunCheckpoint checkpoint;
  bool is_latest = false;
};

struct ModelRegistryOptions {
  std::size_t max_bytes = std::size_t{4} << 30U;  // of all loaded models together
  std::int64_t max_waiting = 256;                 // requests, for all models together
  double max_wait_seconds = 60;                   // 0: as long as it takes
  std::function<std::size_t(const ModelName&)> estimate_bytes = {};  // before it is loaded
};

/// The models that can be served, and those that are loaded. For the server's thread; loading is
/// done on a worker.
///
///  - A checkpoint is loaded when it is first asked for, once however many ask at the same time. A
///    failure is told to all who wait, and not remembered: the next one who asks tries again. Where
///    a run's latest checkpoint is damaged, whoever asked for the latest gets the one before it.
///  - Loaded models stay until the memory is needed; the one not asked for the longest goes first.
///    One that answers requests stays as long as they take, and loading waits for it; when it has
///    waited for some seconds, such a model takes no further requests before it.
///  - Requests that wait for a model are bounded in number and in time.
///  - When a run has a newer checkpoint, that one is loaded beside the one that is served and then
///    takes its place. Requests end with the weights that they began with.
class ModelRegistry {
 public:
  using Loader = std::function<std::shared_ptr<ServedModel>(const ModelName&)>;
  using Opened = std::function<void(std::shared_ptr<ServedModel>, std::exception_ptr)>;

  /// `load` is called on `worker`. `post` runs a task on the server's thread. All are borrowed but
  /// the functions. `on_problem` is told what nobody waits for.
  ModelRegistry(const ModelRegistryOptions& options, Loader load, Worker& worker,
                std::function<void(std::function<void()>)> post, const Clock& clock,
                std::function<void(const std::string&)> on_problem);
  ~ModelRegistry();
  ModelRegistry(const ModelRegistry&) = delete;
  ModelRegistry& operator=(const ModelRegistry&) = delete;

  /// What a scan has found. Begins to load newer checkpoints of what is served.
  void update(std::shared_ptr<const RunList> runs);

  const RunList& runs() const noexcept { return *runs_; }

  /// Runs that have a checkpoint.
  std::size_t n_served() const;

  /// An empty name means the first model. Error: ApiError 404.
  ModelName find(std::string_view name) const;

  /// Calls `opened` with the model, or with what kept it from being loaded; at once when it is
  /// loaded. Error: ApiError 404; 429 where too many wait already.
  void open(std::string_view name, Opened opened);

  /// Lets go of the model that a name means; the next one who asks has it loaded again. Requests
  /// that it answers end with it. Error: ApiError 404; 409 when it is not loaded, or being loaded.
  void unload(std::string_view name);

  /// Whether anybody waits for a model that is not being loaded yet.
  bool has_pending() const;

  /// Frees what nobody asks for where memory is needed, and begins what has waited for it. To be
  /// called now and then.
  void tidy();

  /// Tells all who wait for a model that there will be none.
  void end_waiting(const std::string& why);

  struct CheckpointState {
    std::optional<std::size_t> loaded_bytes = {};  // none: not loaded
    bool is_loading = false;                       // or waits to be
  };

  CheckpointState state_of(const std::filesystem::path& checkpoint) const;

  /// Whether a checkpoint is loaded now.
  bool is_loaded(const std::filesystem::path& checkpoint) const {
    return state_of(checkpoint).loaded_bytes.has_value();
  }

  struct Loaded {
    std::string id;  // of the run, with its step where it is not the latest
    std::shared_ptr<ServedModel> model;
  };

  /// Those that were dropped and still answer are among them: an id may come twice.
  std::vector<Loaded> loaded() const;

  std::size_t loaded_bytes() const;

  /// Loads that were begun since the start.
  std::int64_t n_loads() const noexcept { return n_loads_; }

 private:
  struct Waiter {
    Opened opened;
    bool is_for_latest = false;
    double since = 0;  // seconds of the clock
  };

  /// A checkpoint that is loaded, being loaded or asked for.
  struct Slot {
    ModelName name;
    std::shared_ptr<ServedModel> model;
    std::vector<Waiter> waiters;
    bool is_loading = false;
    bool is_wanted = false;          // though nobody waits: to take the place of an older one
    bool was_named_by_step = false;  // `name@step` or `name@best`: stays when a newer one comes
    std::uint64_t used_at = 0;       // of the counter n_uses_
    std::size_t size_bytes = 0;      // of the loaded model; before, an estimate
  };

  using Key = std::pair<std::filesystem::path, std::int64_t>;  // a checkpoint and its time
  using Slots = std::map<Key, Slot>;

  static Key key_of(const RunCheckpoint& checkpoint) {
    return {checkpoint.path, checkpoint.mtime_ms};
  }

  Slot* find_serving(const std::string& run_id);
  const RunCheckpoint& latest_of(const RunInfo& run) const;
  bool has_failed_lately(const Key& key) const;
  void check_waiting() const;
  void begin_loads();
  bool make_room(std::size_t wanted_bytes, bool is_urgent = false);
  void end_overdue();
  void end_waiters(const std::function<bool(const Waiter&)>& is_ended, const std::string& why);
  void start(Slot& slot);
  void finish(const Key& key, std::shared_ptr<ServedModel> model, const std::exception_ptr& error);
  void succeed(const Key& key, const std::shared_ptr<ServedModel>& model);
  void fail(const Key& key, const std::exception_ptr& error);
  void serve(const Key& key);
  void drop(const Key& key);
  void follow(const std::shared_ptr<const RunInfo>& run);
  void forget_wanted(const std::string& run_id);

  const ModelRegistryOptions options_;
  Loader load_;
  Worker& worker_;
  std::function<void(std::function<void()>)> post_;
  const Clock& clock_;
  std::function<void(const std::string&)> on_problem_;
  std::shared_ptr<const RunList> runs_ = std::make_shared<const RunList>();
  Slots slots_;
  std::map<std::string, Key> serving_;  // run id -> what `name` means now
  std::map<Key, double> failed_at_;     // latest checkpoints, to try again later

  struct Leaving {
    std::string id;
    std::weak_ptr<ServedModel> model;
  };

  std::vector<Leaving> leaving_;  // dropped, and still answering
  std::uint64_t n_uses_ = 0;
  std::int64_t n_loads_ = 0;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace alpha
