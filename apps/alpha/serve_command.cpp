#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "apps/alpha/backend_flags.h"
#include "apps/alpha/chat_template_flag.h"
#include "apps/alpha/commands.h"
#include "apps/alpha/console.h"
#include "apps/alpha/secret_flag.h"
#include "apps/alpha/signals.h"

#include "alpha/backends/backends.h"
#include "alpha/core/files.h"
#include "alpha/server/page.h"
#include "alpha/server/service.h"

namespace alpha::cli {

namespace fs = std::filesystem;

namespace {

constexpr const char* kExamples =
    "  alpha serve\n"
    "  alpha serve --runs runs,other/runs --port 3001 --weights int8\n"
    "  alpha serve runs/stories_20260101120000_ab12\n"
    "  alpha serve --host 0.0.0.0 --api-key-file keys.txt --tls-cert cert.pem --tls-key key.pem\n"
    "\n"
    "  curl localhost:8080/v1/models\n"
    "  curl localhost:8080/v1/completions -d '{\"model\": \"MODEL\", \"prompt\": \"Once upon\"}'\n";

/// The parts of a comma-separated list.
std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= list.size()) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    if (end > begin) parts.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

/// One key a line, with a name before it if one likes; `#` begins a comment.
std::vector<ApiKey> read_keys(const std::string& path) {
  std::vector<ApiKey> keys;
  std::string text = read_file(path) + "\n";
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    std::string line = text.substr(begin, end - begin);
    // A key may have a # within.
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i] == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) line.resize(i);
    }
    line.erase(line.find_last_not_of(" \t\r") + 1);
    line.erase(0, line.find_first_not_of(" \t"));
    if (line.empty()) continue;
    const auto space = line.find_first_of(" \t");
    const std::string key = line.substr(line.find_last_of(" \t") + 1);
    if (line.find_first_of(" \t", line.find_first_not_of(" \t", space)) != line.npos) {
      fail_invalid("'{}': line {} has more than two words, expected 'name key' or 'key'", path,
                   keys.size() + 1);
    }
    constexpr std::size_t kLeast = 8;
    if (key.size() < kLeast) {
      fail_invalid("'{}': key {} has {} characters, expected at least {}", path, keys.size() + 1,
                   key.size(), kLeast);
    }
    const std::string name =
        space == std::string::npos ? fmt::format("key{}", keys.size() + 1) : line.substr(0, space);
    keys.push_back({.name = name, .key = key});
  }
  if (keys.empty()) fail_invalid("'{}' has no key: write one a line", path);
  return keys;
}

struct ServeFlags {
  std::optional<std::string> runs, host, tls_cert, tls_key, api_key_file, allow_host, cors_origin,
      weights, chat_template, model_memory, kv_memory, upload_secret_file, access_log;
  std::optional<std::int64_t> port, max_sessions, queue;
  std::optional<double> queue_timeout, drain_timeout;
  std::optional<bool> insecure, strict;
  BackendFlags backend;

  void add_to(Flags& flags) {
    flags.group("Models");
    flags.text("runs,--runs,--models,--checkpoint", runs,
               "Folders of runs, runs or checkpoints, with commas between [runs]");
    flags.choice("--weights,--dtype", weights, weight_format_names(),
                 "Of the matrices [as stored: f32, unless quantized]");
    flags.text("--chat-template", chat_template,
               "alpha, chatml, plain or a file, for all models [each checkpoint's own]");
    flags.text("--model-memory", model_memory, "For all loaded models together [4GB]");
    flags.text("--kv-memory", kv_memory, "For the KV cache of each model, at most [1GB]");
    backend.add_to(flags);
    flags.group("Network");
    flags.text("--host", host, "Address to listen on [127.0.0.1]");
    flags.integer("--port", port, "Port; 0: any that is free [8080]", {.min = 0, .max = 65535});
    flags.text("--tls-cert", tls_cert, "Certificate chain, PEM");
    flags.text("--tls-key", tls_key, "Its private key, PEM");
    flags.text("--api-key-file", api_key_file, "Who may: one key a line, 'name key' or 'key'");
    flags.text("--allow-host", allow_host, "Further names of this server, with commas between");
    flags.text("--cors-origin", cors_origin,
               "Pages that may use it, as https://example.org, with commas between; *: all");
    flags.boolean("--insecure", insecure, "Listen beyond this machine without keys");
    flags.text("--upload-secret-file", upload_secret_file,
               "Secret of trainers that report here [$UPLOAD_SECRET]");
    flags.group("Requests");
    flags.integer("--max-sessions", max_sessions, "Texts written at the same time [64]",
                  {.min = 1, .max = 1024});
    flags.integer("--queue", queue, "Requests that may wait [256]", {.min = 1, .max = 1'000'000});
    flags.number("--queue-timeout", queue_timeout, "Seconds that they wait at most; 0: any [60]");
    flags.number("--drain-timeout", drain_timeout, "Seconds to finish in after SIGTERM [30]");
    flags.boolean("--strict", strict, "Refuse unknown fields rather than warn of them");
    flags.text("--access-log", access_log, "File for one JSON line a request; -: stdout, off [-]");
  }

  ServerSettings settings() const {
    ServerSettings s;
    s.version = ALPHA_VERSION;
    if (runs) s.roots.clear();
    for (const std::string& root : split(runs.value_or(""))) s.roots.emplace_back(root);
    if (weights) s.weights = parse_weight_format(*weights);
    if (chat_template) s.chat_template = read_chat_template(*chat_template);
    if (model_memory) s.max_model_bytes = parse_size(*model_memory, "--model-memory");
    if (kv_memory) s.max_kv_bytes = parse_size(*kv_memory, "--kv-memory");
    set_network(s);
    s.max_sessions = max_sessions.value_or(s.max_sessions);
    s.max_waiting = queue.value_or(s.max_waiting);
    s.max_queue_seconds = seconds(queue_timeout, s.max_queue_seconds, "--queue-timeout");
    s.drain_timeout_ms = static_cast<std::int64_t>(
        1e3 *
        seconds(drain_timeout, static_cast<double>(s.drain_timeout_ms) / 1e3, "--drain-timeout"));
    s.is_strict = strict.value_or(false);
    return s;
  }

 private:
  static double seconds(const std::optional<double>& given, double otherwise, const char* flag) {
    if (!given) return otherwise;
    constexpr double kMost = 86'400;
    if (!(*given >= 0 && *given <= kMost)) {
      fail_usage("{} is {}, expected 0 to {} seconds", flag, *given, kMost);
    }
    return *given;
  }

  void set_network(ServerSettings& s) const {
    s.http.address = host.value_or(s.http.address);
    if (s.http.address == "localhost") s.http.address = "127.0.0.1";
    s.http.port = static_cast<std::uint16_t>(port.value_or(s.http.port));
    if (tls_cert.has_value() != tls_key.has_value()) {
      fail_usage("--tls-cert and --tls-key go together: {} is missing",
                 tls_cert ? "--tls-key" : "--tls-cert");
    }
    s.http.tls_certificate = tls_cert.value_or("");
    s.http.tls_key = tls_key.value_or("");
    if (api_key_file) s.api_keys = read_keys(*api_key_file);
    if (!is_loopback(s.http.address) && s.api_keys.empty() && !insecure.value_or(false)) {
      fail_usage(
          "--host {} lets others in, and there are no keys: give --api-key-file, or --insecure",
          s.http.address);
    }
    s.allowed_hosts = split(allow_host.value_or(""));
    s.cors_origins = split(cors_origin.value_or(""));
    s.upload_secret = read_secret("--upload-secret-file", upload_secret_file, "UPLOAD_SECRET");
  }
};

std::function<void(std::string_view)> make_access_log(const std::string& where) {
  if (where == "off" || where == "false") return {};
  if (where == "-") {
    return [](std::string_view line) { write_stdout(std::string(line) + "\n"); };
  }
  const auto log = std::make_shared<LineAppender>(where);
  return [log, has_failed = false](std::string_view line) mutable {
    try {
      log->append(line);
      has_failed = false;
    } catch (const Error& error) {
      if (!std::exchange(has_failed, true)) warn(error.what());
    }
  };
}

std::string url_of(const ServerSettings& settings, std::uint16_t port) {
  const bool is_v6 = settings.http.address.find(':') != std::string::npos;
  const bool is_tls = !settings.http.tls_certificate.empty();
  return fmt::format("{}://{}{}{}:{}", is_tls ? "https" : "http", is_v6 ? "[" : "",
                     settings.http.address, is_v6 ? "]" : "", port);
}

std::string models_text(std::size_t n) {
  if (n == 0) return "no model yet, but what comes,";
  return fmt::format("{} model{}", n, n == 1 ? "" : "s");
}

}  // namespace

int serve_command(Arguments args) {
  ServeFlags flags;
  const bool has_page = !page_files().empty();
  Flags parser("serve",
               has_page
                   ? "Serves models: to programs OpenAI's API over HTTP, to browsers a page at "
                     "the same address, http://127.0.0.1:8080 unless told otherwise."
                   : "Serves models to programs: OpenAI's API over HTTP.",
               kExamples);
  flags.add_to(parser);
  if (!parser.parse(args)) return 0;
  ServerSettings settings = flags.settings();
  if (flags.runs) {
    for (const fs::path& root : settings.roots) {
      if (!fs::is_directory(root)) {
        fail(ErrorCode::not_found, "'{}' is not a folder: where are the runs?", root.string());
      }
    }
  }
  settings.on_access = make_access_log(flags.access_log.value_or("-"));
  settings.on_problem = [](std::string_view text) { warn(one_line(text)); };
  const SystemClock clock;
  const auto backend = flags.backend.open();
  settings.n_threads = flags.backend.n_threads(backend->name());
  settings.libraries = backend_libraries(backend->name());
  std::uint16_t port = 0;
  settings.on_ready = [&](std::size_t n_models) {
    write_stderr(fmt::format(
        "alpha {} serves {} of {} on {} ({}, {} threads)", ALPHA_VERSION, models_text(n_models),
        fmt::join(flags.runs ? split(*flags.runs) : std::vector<std::string>{"runs"}, ", "),
        url_of(settings, port), backend->name(), settings.n_threads));
  };
  Service service(*backend, settings, clock);
  port = service.port();
  const StopListener listener([&service] { service.drain(); });
  service.run();
  return 0;
}

}  // namespace alpha::cli
