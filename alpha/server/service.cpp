#include "alpha/server/service.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <utility>

#include "alpha/checkpoint/manifest.h"
#include "alpha/server/generation.h"
#include "alpha/server/routes/routes.h"

namespace alpha {

namespace {

constexpr std::size_t kRememberedEnds = 64;
constexpr double kRateSeconds = 30;  // how far back the rate of ends looks
constexpr std::int64_t kHeartbeatMs = 15'000;
constexpr std::int64_t kLastCallsMs = 50;
constexpr std::int64_t kCutShortMs = 1'000;  // before the drain timeout: for ends to be told

/// A checkpoint that is quantized already is served as it is.
std::shared_ptr<const Weights> load(const ModelName& name, Backend& backend,
                                    std::optional<WeightFormat> format) {
  try {
    return load_weights(name.checkpoint.path, backend, format);
  } catch (const Error& error) {
    if (!format || error.code() != ErrorCode::invalid_argument) throw;
    return load_weights(name.checkpoint.path, backend, {});
  }
}

ServedModelOptions model_options(const ServerSettings& settings) {
  return {.max_kv_bytes = settings.max_kv_bytes,
          .max_sessions = settings.max_sessions,
          .max_waiting = settings.max_waiting};
}

ModelRegistry::Loader make_loader(Backend& backend, const ServerSettings& settings,
                                  const Clock& clock) {
  return [&backend, settings, &clock](const ModelName& name) {
    auto weights = load(name, backend, settings.weights);
    if (settings.chat_template) {
      auto changed = std::make_shared<Weights>(*weights);
      changed->chat_template = *settings.chat_template;
      weights = std::move(changed);
    }
    return std::make_shared<ServedModel>(backend, std::move(weights), model_options(settings),
                                         clock);
  };
}

std::filesystem::path upload_root(const ServerSettings& settings) {
  if (!settings.upload_root.empty()) return settings.upload_root;
  return settings.roots.empty() ? "runs" : settings.roots.front();
}

}  // namespace

Service::Service(Backend& backend, ServerSettings settings, const Clock& clock)
    : backend_(backend),
      settings_(std::move(settings)),
      clock_(clock),
      started_ms_(clock.unix_ms()),
      started_at_(clock.seconds()),
      guard_(settings_),
      metrics_(settings_.version),
      store_(settings_.roots, clock),
      watcher_(store_),
      ingest_(upload_root(settings_), clock),
      uploads_(upload_root(settings_), clock),
      http_(
          http_options(), [this](const auto& exchange) { handle(exchange); },
          [this](const std::string& text) { problem(text); }),
      models_(
          {.max_bytes = settings_.max_model_bytes,
           .max_waiting = settings_.max_waiting,
           .max_wait_seconds = settings_.max_queue_seconds,
           .estimate_bytes = [this](const ModelName& name) { return estimated_bytes(name); }},
          make_loader(backend, settings_, clock), loader_,
          [this](std::function<void()> task) { http_.post(std::move(task)); }, clock,
          [this](const std::string& text) { problem(text); }) {
  add_health_routes(router_, *this);
  add_openai_routes(router_, *this);
  add_tokenize_routes(router_, *this);
  add_original_routes(router_, *this);
  add_model_routes(router_, *this);
  add_checkpoint_routes(router_, *this);
  add_run_routes(router_, *this);
  add_ingest_routes(router_, *this);
  add_system_routes(router_, *this);
  add_page_routes(router_, *this);
  look();
  http_.post_after(kHeartbeatMs, [this] { heartbeat(); });
}

Service::~Service() = default;

/// Bytes that a checkpoint will take when it is loaded.
std::size_t Service::estimated_bytes(const ModelName& name) const {
  std::error_code error;
  const auto size = std::filesystem::file_size(name.checkpoint.path / kModelFile, error);
  std::size_t bytes = error ? 0 : static_cast<std::size_t>(size);
  try {
    const Json config = json_get<Json>(name.run->config, "modelConfig", "config.json");
    bytes += served_kv_bytes(gpt_config_from_json(config, "config.json"), model_options(settings_));
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): loading will tell
  }
  return bytes;
}

http::ServerOptions Service::http_options() {
  http::ServerOptions options = settings_.http;
  // A body is not waited for where it would be refused anyway.
  options.check_head = [this](const http::Request& head) -> std::optional<http::Response> {
    http::Fields cors;
    ErrorShape shape = Router::shape_of(head.path);
    try {
      guard_.check_host(head);
      guard_.add_cors_headers(head, cors);
      if (head.method != "GET" && head.method != "HEAD") guard_.check_page(head);
      const Route& route = *router_.find(head.method, head.path).route;
      shape = route.shape;
      guard_.check_access(head, route.access);
      return {};
    } catch (const std::exception& error) {
      http::Response response = error_response(to_api_error(error), shape);
      for (const auto& [name, value] : cors) response.headers.add(name, value);
      return response;
    }
  };
  options.on_refusal = [this](int status, const std::string& client) {
    CallLog log;
    log.id = "req-" + random_id();
    log.client = client;
    log.begun_at = clock_.seconds();
    write_log(log, {.status = status});
  };
  return options;
}

void Service::heartbeat() {
  live_.heartbeat();
  http_.post_after(kHeartbeatMs, [this] { heartbeat(); });
}

void Service::problem(const std::string& text) const {
  if (settings_.on_problem) settings_.on_problem(text);
}

void Service::handle(const std::shared_ptr<http::Exchange>& exchange) {
  const auto call = std::make_shared<Call>(*this, exchange, clock_.seconds());
  call->shape = Router::shape_of(call->request().path);
  ++n_calls_;
  // Neither the call nor the exchange: one that is lost on the way is to be answered, with 500.
  exchange->on_done([this, log = call->shared_log](const http::Outcome& outcome) {
    --n_calls_;
    if (is_draining_) end_when_idle();
    write_log(*log, outcome);
  });
  try {
    dispatch(call);
  } catch (const std::exception& error) {
    fail(*call, error);
  }
}

void Service::tell(const Call& call, std::string_view text) const {
  problem(fmt::format("{} {}: {}", call.request().method, call.request().path, text));
}

/// Calls that came before the run folders were looked at for the first time.
void Service::answer_early() {
  if (!std::exchange(is_looked_at_, true) && settings_.on_ready) {
    settings_.on_ready(models_.n_served());
  }
  for (const auto& answer : std::exchange(early_, {})) answer();
}

void Service::fail(Call& call, const std::exception& error) const {
  ApiError told = to_api_error(error);
  if (told.status == 429) {
    told.headers.add("Retry-After", std::to_string(retry_after_seconds()));
  }
  const bool is_known = dynamic_cast<const ApiError*>(&error) != nullptr;
  if (told.status >= 500 && !is_known) tell(call, error.what());
  call.fail(told);
}

void Service::dispatch(const std::shared_ptr<Call>& call) {
  const http::Request& request = call->request();
  guard_.check_host(request);
  http::Fields cors;
  guard_.add_cors_headers(request, cors);
  for (const auto& [name, value] : cors) call->add_header(name, value);
  if (request.method == "OPTIONS") return call->respond(http::Response{.status = 204});
  if (request.method != "GET" && request.method != "HEAD") guard_.check_page(request);
  const Router::Match match = router_.find(request.method, request.path);
  call->shape = match.route->shape;
  call->log.route = match.route->pattern;
  call->parameters = match.parameters;
  if (!match.parameters.empty()) call->parameter = match.parameters.front();
  if (match.route->is_work) guard_.check_page(request);
  call->log.key = guard_.check_access(request, match.route->access);
  if (is_looked_at_ || match.route->access == Access::open) return match.route->handle(call);
  early_.push_back([this, call, route = match.route] {
    try {
      route->handle(call);
    } catch (const std::exception& error) {
      fail(*call, error);
    }
  });
}

void Service::write_log(const CallLog& log, const http::Outcome& outcome) {
  metrics_.count_http(log.route.empty() ? "none" : log.route, outcome.status);
  if (!settings_.on_access) return;
  Json line = {{"time", clock_.unix_ms()},
               {"id", log.id},
               {"client", log.client},
               {"method", log.method},
               {"path", log.path},
               {"status", outcome.status},
               {"ms", std::round((clock_.seconds() - log.begun_at) * 1e4) / 10},
               {"bytes", outcome.body_bytes}};
  if (!log.key.empty()) line["key"] = log.key;
  if (!log.model.empty()) {
    line["model"] = log.model;
    line["prompt_tokens"] = log.n_prompt_tokens;
    line["completion_tokens"] = log.n_tokens;
    line["finish_reason"] = log.finish_reason;
  }
  settings_.on_access(to_text(line));
}

void Service::look() {
  rescan();
  http_.post_after(settings_.rescan_ms, [this] { look(); });
}

void Service::rescan() {
  if (std::exchange(is_looking_, true)) return;
  files_.run([this] {
    std::vector<RunEvent> events;
    std::string trouble;
    try {
      events = watcher_.poll();
    } catch (const std::exception& error) {
      trouble = error.what();
    }
    http_.post([this, events = std::move(events), trouble, runs = store_.snapshot()] {
      is_looking_ = false;
      if (!trouble.empty()) problem("cannot look at the run folders: " + trouble);
      models_.update(runs);
      live_.send(events);
      answer_early();
    });
  });
}

void Service::watch(const std::shared_ptr<Call>& call) {
  files_.run([this, call] {
    auto snapshot = std::make_shared<const Json>(watcher_.snapshot());
    call->exchange()->post([this, call, snapshot] {
      if (!is_draining_) return live_.subscribe(call, *snapshot);
      call->begin();
      call->end();
    });
  });
}

void Service::check_accepting() const {
  if (!is_draining_) return;
  ApiError error(503, "the server is shutting down and takes no new work", {}, "shutting_down");
  error.headers.add("Retry-After", "5");
  throw ApiError(error);
}

std::int64_t Service::retry_after_seconds() const {
  constexpr std::int64_t kMost = 120;
  const double now = clock_.seconds();
  const auto n_recent =
      std::ranges::count_if(ended_at_, [&](double ended) { return now - ended <= kRateSeconds; });
  if (n_recent == 0) return 1 + static_cast<std::int64_t>(generations_.size() > 1);
  const double window = std::max(now - ended_at_.front(), 0.1);
  const double rate = static_cast<double>(n_recent) / std::min(window, kRateSeconds);
  std::int64_t n_waiting = 1;
  for (const auto& loaded : models_.loaded()) {
    n_waiting += loaded.model->scheduler().stats().n_waiting;
  }
  return std::clamp(static_cast<std::int64_t>(std::ceil(static_cast<double>(n_waiting) / rate)),
                    std::int64_t{1}, kMost);
}

void Service::respond_later(const std::shared_ptr<Call>& call, std::function<http::Response()> work,
                            TaskLength length) {
  work_later(
      call,
      [call, work = std::move(work)]() -> std::function<void()> {
        return [call, response = work()]() mutable { call->respond(std::move(response)); };
      },
      length);
}

void Service::work_later(const std::shared_ptr<Call>& call,
                         std::function<std::function<void()>()> work, TaskLength length) {
  constexpr std::size_t kMostWaiting = 64;
  Worker& worker = length == TaskLength::long_task ? long_reader_ : reader_;
  if (worker.n_waiting() >= kMostWaiting) {
    throw ApiError(429, fmt::format("{} such requests wait already: try again later", kMostWaiting),
                   {}, "overloaded");
  }
  const auto has_left = std::make_shared<std::atomic<bool>>(false);
  call->exchange()->on_leave([has_left] { has_left->store(true); });
  worker.run([this, call, has_left, work = std::move(work)]() mutable {
    if (*has_left) return;
    std::function<void()> answer;
    std::exception_ptr error;
    try {
      answer = work();
    } catch (...) {
      error = std::current_exception();
    }
    call->exchange()->post([this, call, answer = std::move(answer), error = std::move(error)] {
      try {
        if (error) std::rethrow_exception(error);
        answer();
      } catch (const std::exception& caught) {
        fail(*call, caught);
      }
    });
  });
}

void Service::remove(Generation* generation, bool is_finished, std::shared_ptr<ServedModel> model) {
  generations_.erase(generation);
  if (model.use_count() == 1) loader_.run([last = std::move(model)] {});
  model.reset();
  if (models_.has_pending()) http_.post([this] { models_.tidy(); });
  if (is_finished) {
    ended_at_.push_back(clock_.seconds());
    if (ended_at_.size() > kRememberedEnds) ended_at_.pop_front();
  }
}

/// A model that was swapped may still answer beside the new one.
std::map<std::string, ModelLoad> Service::model_loads() const {
  std::map<std::string, ModelLoad> loads;
  for (const auto& loaded : models_.loaded()) {
    ModelLoad& load = loads[loaded.id];
    const SchedulerStats stats = loaded.model->scheduler().stats();
    load.stats.n_sessions += stats.n_sessions;
    load.stats.n_waiting += stats.n_waiting;
    load.stats.n_preemptions += stats.n_preemptions;
    load.stats.n_blocks_used += stats.n_blocks_used;
    load.stats.n_blocks_idle += stats.n_blocks_idle;
    load.stats.n_blocks_free += stats.n_blocks_free;
    load.size_bytes += loaded.model->size_bytes();
  }
  return loads;
}

void Service::update_gauges() {
  metrics_.clear_models();
  for (const auto& [id, load] : model_loads()) metrics_.set_model(id, load.stats, load.size_bytes);
  metrics_.set_process(uptime_seconds(), n_connections(), models_.n_loads());
}

void Service::drain() {
  http_.post([this] { begin_drain(); });
}

void Service::begin_drain() {
  if (std::exchange(is_draining_, true)) return;
  http_.finish_connections();
  live_.close();
  end_when_idle();
  const std::int64_t timeout_ms = settings_.drain_timeout_ms;
  http_.post_after(timeout_ms - std::min(kCutShortMs, timeout_ms / 4), [this] {
    models_.end_waiting("the server is shutting down");
    const std::set<Generation*> running = generations_;
    for (Generation* generation : running) generation->cut_short();
  });
  http_.post_after(timeout_ms, [this] { http_.stop(); });
}

/// A proxy may have sent a request that has not come yet: it is to be told rather than cut off.
void Service::end_when_idle() {
  if (n_calls_ > 0 || std::exchange(is_ending_, true)) return;
  http_.post_after(kLastCallsMs, [this] {
    is_ending_ = false;
    if (n_calls_ == 0) http_.stop();
  });
}

}  // namespace alpha
