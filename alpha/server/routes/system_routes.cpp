#include <sys/utsname.h>
#include <unistd.h>

#include "alpha/core/files.h"
#include "alpha/core/process.h"
#include "alpha/http/libraries.h"
#include "alpha/server/routes/routes.h"
#include "alpha/server/service.h"

namespace alpha {

namespace {

/// "g++ 12.2.0".
std::string compiler() {
#ifdef __clang__
  return fmt::format("clang++ {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  return fmt::format("g++ {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

Json versions(const ServerSettings& settings) {
  Json versions = {
      {"alpha", settings.version},
      {"compiler", compiler()},
      {"fmt",
       fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100)},
      {"nlohmann_json", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR,
                                    NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH)}};
  for (const auto& [name, version] : http::libraries()) versions[name] = version;
  for (const auto& [name, version] : settings.libraries) versions[name] = version;
  return versions;
}

/// As the system calls it; empty where it does not.
std::string processor_name() {
  std::string text;
  try {
    text = read_file("/proc/cpuinfo");
  } catch (const Error&) {
    return {};
  }
  const auto at = text.find("model name");
  const auto colon = text.find(": ", at);
  if (at == std::string::npos || colon == std::string::npos) return {};
  return text.substr(colon + 2, text.find('\n', colon) - colon - 2);
}

Json host() {
  struct utsname system {};

  const bool is_known = ::uname(&system) == 0;
  const std::string processor = processor_name();
  return {{"cpu", !processor.empty() ? processor
                  : is_known         ? system.machine
                                     : ""},
          {"n_cpus", ::sysconf(_SC_NPROCESSORS_ONLN)},
          {"memory_bytes",
           std::int64_t{::sysconf(_SC_PHYS_PAGES)} * std::int64_t{::sysconf(_SC_PAGESIZE)}},
          {"os", is_known ? fmt::format("{} {}", system.sysname, system.release) : ""}};
}

/// The counts of /metrics: those of now by loaded model, those since the start by run.
void add_load(Json& answer, const Service& service,
              const std::map<std::string, ModelTotals>& totals) {
  SchedulerStats all;
  Json rows = Json::array();
  for (const auto& [id, load] : service.model_loads()) {
    all.n_sessions += load.stats.n_sessions;
    all.n_waiting += load.stats.n_waiting;
    Json row = {{"id", id},
                {"running", load.stats.n_sessions},
                {"waiting", load.stats.n_waiting},
                {"size_bytes", load.size_bytes},
                {"kv_blocks_used", load.stats.n_blocks_used},
                {"kv_blocks_cached", load.stats.n_blocks_idle},
                {"kv_blocks_free", load.stats.n_blocks_free},
                {"preemptions", load.stats.n_preemptions}};
    const auto known = totals.find(id);
    const ModelTotals of_run = known == totals.end() ? ModelTotals{} : known->second;
    row["prompt_total"] = of_run.n_prompt_tokens;
    row["generated_total"] = of_run.n_generated_tokens;
    rows.push_back(std::move(row));
  }
  ModelTotals sum;
  for (const auto& [run, of_run] : totals) {
    sum.n_finished += of_run.n_finished;
    sum.n_prompt_tokens += of_run.n_prompt_tokens;
    sum.n_cached_tokens += of_run.n_cached_tokens;
    sum.n_generated_tokens += of_run.n_generated_tokens;
  }
  answer["requests"] = {{"running", all.n_sessions},
                        {"waiting", all.n_waiting},
                        {"max_sessions", service.settings().max_sessions},
                        {"max_waiting", service.settings().max_waiting},
                        {"finished_total", sum.n_finished}};
  answer["tokens"] = {{"prompt_total", sum.n_prompt_tokens},
                      {"cached_total", sum.n_cached_tokens},
                      {"generated_total", sum.n_generated_tokens}};
  answer["models"] = std::move(rows);
}

/// `constant`: what does not change while the program runs.
void show_system(const std::shared_ptr<Call>& call, const Json& constant) {
  Service& service = call->service();
  const ServerSettings& settings = service.settings();
  Json answer = {{"version", settings.version},
                 {"started_at", service.started_ms()},
                 {"uptime_seconds", service.uptime_seconds()},
                 {"backend", service.backend_name()},
                 {"n_threads", settings.n_threads},
                 {"is_draining", service.is_draining()},
                 {"memory",
                  {{"resident_bytes", resident_memory_bytes()},
                   {"models_bytes", service.models().loaded_bytes()},
                   {"max_models_bytes", settings.max_model_bytes}}},
                 {"connections", service.n_connections()}};
  add_load(answer, service, service.metrics().totals());
  answer.update(constant);
  call->respond(answer);
}

}  // namespace

void add_system_routes(Router& router, Service& service) {
  Json folders = Json::array();
  for (const auto& root : service.settings().roots) folders.push_back(root.string());
  const Json constant = {{"host", host()},
                         {"versions", versions(service.settings())},
                         {"folders", std::move(folders)}};
  router.add({"GET", "/api/system",
              [constant](const std::shared_ptr<Call>& call) { show_system(call, constant); },
              Access::key, ErrorShape::original});
}

}  // namespace alpha
