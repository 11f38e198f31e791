#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "alpha/core/clock.h"
#include "alpha/http/server.h"
#include "alpha/runs/ingest.h"
#include "alpha/runs/live.h"
#include "alpha/runs/run_store.h"
#include "alpha/runs/upload.h"
#include "alpha/server/call.h"
#include "alpha/server/guard.h"
#include "alpha/server/live_feed.h"
#include "alpha/server/model_registry.h"
#include "alpha/server/router.h"
#include "alpha/server/server_settings.h"
#include "alpha/server/service_metrics.h"
#include "alpha/server/worker.h"

namespace alpha {

class Generation;

/// What the loaded models of one name do now.
struct ModelLoad {
  SchedulerStats stats;  // the counts of /metrics alone
  std::size_t size_bytes = 0;
};

/// Answers that take a while wait for those of their own kind alone.
enum class TaskLength : std::uint8_t { short_task, long_task };

/// The service: every model of some run folders behind one port. One thread answers (the one that
/// calls `run`), each loaded model computes on a thread of its own; four workers load models, look
/// at the run folders and make answers that take a while, two of them.
class Service {
 public:
  /// Listens from here on. `backend` and `clock` outlive it. Error: as http::Server.
  Service(Backend& backend, ServerSettings settings, const Clock& clock);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  std::uint16_t port() const noexcept { return http_.port(); }

  /// Answers until it is drained or stopped.
  void run() { http_.run(); }

  /// From now on new work is refused with 503; when all that runs has ended, or the drain timeout
  /// has passed, `run` returns. What runs then is cut short, with an end as it should be. For any
  /// thread.
  void drain();

  /// Ends `run` at once. For any thread.
  void stop() { http_.stop(); }

  // For routes, on the server's thread.

  const ServerSettings& settings() const noexcept { return settings_; }

  const Clock& clock() const noexcept { return clock_; }

  ModelRegistry& models() noexcept { return models_; }

  RunStore& store() noexcept { return store_; }

  ServiceMetrics& metrics() noexcept { return metrics_; }

  LiveFeed& live() noexcept { return live_; }

  Ingest& ingest() noexcept { return ingest_; }

  CheckpointUpload& uploads() noexcept { return uploads_; }

  bool is_draining() const noexcept { return is_draining_; }

  /// The run folders have been looked at.
  bool is_ready() const noexcept { return is_looked_at_ && !is_draining_; }

  std::int64_t started_ms() const noexcept { return started_ms_; }

  double uptime_seconds() const { return clock_.seconds() - started_at_; }

  std::string_view backend_name() const noexcept { return backend_.name(); }

  std::size_t n_connections() const noexcept { return http_.n_connections(); }

  /// By ModelRegistry::Loaded::id.
  std::map<std::string, ModelLoad> model_loads() const;

  /// The worker of answers that take a while, for short tasks. They do not throw.
  Worker& reader() noexcept { return reader_; }

  /// Error: ApiError 503 when the service takes no new work.
  void check_accepting() const;

  /// Answers with what went wrong. What is a defect of ours is told to the log too.
  void fail(Call& call, const std::exception& error) const;

  /// Tells the log what a client is not told.
  void tell(const Call& call, std::string_view text) const;

  /// Seconds until a place may be free, from the rate at which requests ended lately.
  std::int64_t retry_after_seconds() const;

  /// Has `work` make an answer on a worker, and `call` give it, unless its client has left by then.
  /// Error: ApiError 429 where too many wait.
  void respond_later(const std::shared_ptr<Call>& call, std::function<http::Response()> work,
                     TaskLength length = TaskLength::short_task);

  /// The same, for answers that are not given at once: what `work` returns is called on the
  /// server's thread, also where the client has left meanwhile.
  void work_later(const std::shared_ptr<Call>& call, std::function<std::function<void()>()> work,
                  TaskLength length = TaskLength::short_task);

  /// Looks at the run folders now rather than later.
  void rescan();

  /// Sends a call what happens to runs, as it happens.
  void watch(const std::shared_ptr<Call>& call);

  void add(Generation* generation) { generations_.insert(generation); }

  /// A generation has ended, and lets go of its model: the last to do so must not wait for the
  /// model's thread here.
  void remove(Generation* generation, bool is_finished, std::shared_ptr<ServedModel> model);

  /// Counts what is there now.
  void update_gauges();

 private:
  void handle(const std::shared_ptr<http::Exchange>& exchange);
  void dispatch(const std::shared_ptr<Call>& call);
  void write_log(const CallLog& log, const http::Outcome& outcome);
  void look();
  http::ServerOptions http_options();
  std::size_t estimated_bytes(const ModelName& name) const;
  void answer_early();
  void begin_drain();
  void end_when_idle();
  void heartbeat();
  void problem(const std::string& text) const;

  Backend& backend_;
  ServerSettings settings_;
  const Clock& clock_;
  std::int64_t started_ms_;
  double started_at_;
  Guard guard_;
  Router router_;
  ServiceMetrics metrics_;
  RunStore store_;
  RunWatcher watcher_;  // for the worker for files
  Ingest ingest_;
  CheckpointUpload uploads_;
  LiveFeed live_;

  bool is_looked_at_ = false;  // the run folders, for the first time
  std::vector<std::function<void()>> early_;
  bool is_looking_ = false;
  bool is_draining_ = false;
  bool is_ending_ = false;
  std::int64_t n_calls_ = 0;  // that are not over
  std::set<Generation*> generations_;
  std::deque<double> ended_at_;  // the last generations that came to their end

  // The last to be made are the first to go: the workers, so that nothing is loaded or read any
  // more; then the server with the calls it still holds.
  http::Server http_;
  Worker loader_;
  ModelRegistry models_;
  Worker files_;        // looks at the run folders
  Worker reader_;       // makes answers that take a while
  Worker long_reader_;  // the same, of those that would keep others waiting
};

}  // namespace alpha
